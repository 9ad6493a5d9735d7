// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.util.function.BiConsumer;
import serai.pool.PoolId;

/** One look at a pool, on the caller's thread. */
public final class Looks {
    private Looks() {}

    /** @param later what the look has asked for, and after how long */
    public static void look(Reconciliations reconciliations, PoolId pool, BiConsumer<PoolId, Duration> later) {
        reconciliations.lookOrPassOn(pool).forEach(next -> later.accept(next.pool(), next.after()));
    }
}
