// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.annotation.PostConstruct;
import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import java.time.Instant;
import serai.peer.Leases;

/** Ticks for {@link Reaper} and {@link Retention}. Every server has one; the lease says whose tick counts. */
@Startup
@Singleton
@TransactionManagement(TransactionManagementType.BEAN)
public class ReapTimer {
    private static final System.Logger LOG = System.getLogger(ReapTimer.class.getName());

    private static final String REAPER = "reaper";
    private static final String RETENTION = "retention";

    private final Reaper reaper;
    private final Retention retention;
    private final Leases leases;

    @Inject
    public ReapTimer(Reaper reaper, Retention retention, Leases leases) {
        this.reaper = reaper;
        this.retention = retention;
        this.leases = leases;
    }

    public ReapTimer() {
        this(null, null, null); // for the server's proxy
    }

    /** Before the first log arrives. */
    @PostConstruct
    void begin() {
        retain();
    }

    /** Every 5 s: a small part of the lease. */
    @Schedule(hour = "*", minute = "*", second = "*/5", persistent = false)
    void reap() {
        underLease(REAPER, reaper::reap);
    }

    /** Every second: the unit of time limits. */
    @Schedule(hour = "*", minute = "*", second = "*", persistent = false)
    void reapOverdue() {
        underLease(REAPER, reaper::reapOverdue);
    }

    /** Every 10 min: a small part of the shortest retention, that of replays. */
    @Schedule(hour = "*", minute = "*/10", persistent = false)
    void retain() {
        underLease(RETENTION, () -> {
            retention.keep(Instant.now());
            leases.forget();
        });
    }

    private void underLease(String name, Runnable work) {
        try {
            leases.under(name, work);
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "not done now: " + name, e);
        }
    }
}
