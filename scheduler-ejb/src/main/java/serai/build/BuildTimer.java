// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.build;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import serai.peer.Leases;

/**
 * Ticks for {@link Builders}. Every server has one; the lease says whose tick counts, so that what a dead server has begun goes on at
 * another one.
 */
@Startup
@Singleton
@TransactionManagement(TransactionManagementType.BEAN)
public class BuildTimer {
    private static final System.Logger LOG = System.getLogger(BuildTimer.class.getName());

    private static final String LEASE = "builds";

    private final Builders builders;
    private final Leases leases;

    @Inject
    public BuildTimer(Builders builders, Leases leases) {
        this.builders = builders;
        this.leases = leases;
    }

    public BuildTimer() {
        this(null, null); // for the server's proxy
    }

    /** Every second: what nobody waits for shall not run much longer. */
    @Schedule(hour = "*", minute = "*", second = "*", persistent = false)
    void look() {
        try {
            leases.under(LEASE, builders::lookAtAll);
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "no look at the builds in this second: {0}", e.toString());
        }
    }

    /** Every 10 min: a small part of the shortest sensible retention. */
    @Schedule(hour = "*", minute = "*/10", persistent = false)
    void collect() {
        try {
            leases.under(LEASE, builders::collect);
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "layers are not collected now: {0}", e.toString());
        }
    }
}
