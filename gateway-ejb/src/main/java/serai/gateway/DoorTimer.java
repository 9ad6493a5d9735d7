// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import serai.serve.Serving;

/** Tells the other servers, and the autoscaler, what goes to containers that serve HTTP. */
@Startup
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class DoorTimer {
    private static final System.Logger LOG = System.getLogger(DoorTimer.class.getName());

    @Inject
    private Doors doors;

    @Inject
    private Exchanges exchanges;

    @Inject
    private Serving serving;

    @Schedule(hour = "*", minute = "*", second = "*", persistent = false)
    void tick() {
        doors.tick(exchanges.upstreams()::forget);
    }

    /** Every 5 s: less than the silence after which a server has gone. */
    @Schedule(hour = "*", minute = "*", second = "*/5", persistent = false)
    void forgetServers() {
        try {
            serving.forgetServers();
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "what servers that have gone held is not given back: {0}", e.toString());
        }
    }
}
