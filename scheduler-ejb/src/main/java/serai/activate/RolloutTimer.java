// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import serai.peer.Leases;

/** Ticks for rollouts that nobody is about. Every server has one; the lease says whose tick counts. */
@Startup
@Singleton
@TransactionManagement(TransactionManagementType.BEAN)
public class RolloutTimer {
    private static final System.Logger LOG = System.getLogger(RolloutTimer.class.getName());

    private static final String LEASE = "rollouts";

    private final Publisher publisher;
    private final Leases leases;

    @Inject
    public RolloutTimer(Publisher publisher, Leases leases) {
        this.publisher = publisher;
        this.leases = leases;
    }

    public RolloutTimer() {
        this(null, null); // for the server's proxy
    }

    /** Every 10 s: a server died between a publication and its pools. */
    @Schedule(hour = "*", minute = "*", second = "*/10", persistent = false)
    void resume() {
        try {
            leases.under(LEASE, publisher::resumeRollouts);
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "pools are not compared with their apps now: {0}", e.toString());
        }
    }
}
