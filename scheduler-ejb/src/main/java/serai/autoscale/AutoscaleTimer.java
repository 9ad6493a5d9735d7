// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.ejb.Schedule;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.inject.Inject;
import java.time.Instant;
import serai.pool.Pools;

/** Ticks: what an event has missed is seen here. What a tick means for one pool is known to {@link PoolScaler}. */
@Startup
@Singleton
@TransactionManagement(TransactionManagementType.BEAN)
public class AutoscaleTimer {
    private static final System.Logger LOG = System.getLogger(AutoscaleTimer.class.getName());

    private final Pools pools;
    private final Reconciliations reconciliations;
    private final Pulse pulse;

    @Inject
    public AutoscaleTimer(Pools pools, Reconciliations reconciliations, Pulse pulse) {
        this.pools = pools;
        this.reconciliations = reconciliations;
        this.pulse = pulse;
    }

    public AutoscaleTimer() {
        this(null, null, null); // for the server's proxy
    }

    /** Every second, for the pools whose lease this server has. One whose last look is still under way is not looked at twice. */
    @Schedule(hour = "*", minute = "*", second = "*", persistent = false)
    void tick() {
        pulse.beat(Instant.now());
        try {
            reconciliations.requestOwn(pools.awake());
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "no look at the pools in this second: {0}", e.toString());
        }
    }
}
