// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cron;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import serai.peer.Leases;

/** Ticks for {@link Firer}. Every server has one: a slot is fired by whoever comes first, the rest by who holds the lease. */
@Startup
@Singleton
@TransactionManagement(TransactionManagementType.BEAN)
public class ScheduleTimer {
    private static final System.Logger LOG = System.getLogger(ScheduleTimer.class.getName());

    private static final String LEASE = "schedules";

    private final Firer firer;
    private final Leases leases;

    @Inject
    public ScheduleTimer(Firer firer, Leases leases) {
        this.firer = firer;
        this.leases = leases;
    }

    public ScheduleTimer() {
        this(null, null); // for the server's proxy
    }

    /** Every second: the shortest period. */
    @Schedule(hour = "*", minute = "*", second = "*", persistent = false)
    void fire() {
        attempt("schedules are not fired in this second", firer::fire);
    }

    /** Every 10 s: a server died between a publication, or a stop, and its schedules. */
    @Schedule(hour = "*", minute = "*", second = "*/10", persistent = false)
    void follow() {
        attempt("schedules are not compared with their apps now", () -> leases.under(LEASE, firer::follow));
    }

    /** Every 10 min: a small part of the retention. */
    @Schedule(hour = "*", minute = "*/10", persistent = false)
    void forget() {
        attempt("old firings are not forgotten now", () -> leases.under(LEASE, firer::forget));
    }

    private static void attempt(String failure, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, failure, e);
        }
    }
}
