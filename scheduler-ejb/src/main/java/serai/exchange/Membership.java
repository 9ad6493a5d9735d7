// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.exchange;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.inject.Inject;
import org.jdbi.v3.core.Jdbi;
import serai.config.DatabaseConfig;
import serai.database.DatabaseClock;
import serai.peer.Drain;
import serai.peer.Exchange;
import serai.peer.Servers;
import serai.server.ServerResources;
import serai.signal.Signals;

/** Joins the servers on this database when it starts, and leaves them when it ends in order. */
@Startup
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class Membership {
    private static final System.Logger LOG = System.getLogger(Membership.class.getName());

    private final Servers servers;
    private final Drain drain;
    private final Exchange exchange;
    private final DatabaseClock clock;

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService executor;

    @Inject
    public Membership(
            Servers servers, Drain drain, DatabaseConfig database, DatabaseClock clock, Jdbi jdbi, Signals signals) {
        this.clock = clock;
        this.servers = servers;
        this.drain = drain;
        this.exchange =
                new Exchange(database.dedicated(), jdbi, signals, servers.self().id(), servers::areOthers);
    }

    public Membership() { // for the server's proxy
        this.servers = null;
        this.drain = null;
        this.exchange = null;
        this.clock = null;
    }

    @PostConstruct
    void join() {
        exchange.start(executor);
        beat();
        LOG.log(
                INFO,
                "server {0}, beside {1} others",
                servers.self().id(),
                servers.all().size() - 1);
    }

    /** Every 2 s: {@link Servers#BEAT}. */
    @Schedule(hour = "*", minute = "*", second = "*/2", persistent = false)
    void beat() {
        try {
            clock.adjust();
            servers.beat();
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "the other servers are not told that this one is there: {0}", e.toString());
        }
    }

    @PreDestroy
    void leave() {
        drain.begin();
        exchange.close();
    }
}
