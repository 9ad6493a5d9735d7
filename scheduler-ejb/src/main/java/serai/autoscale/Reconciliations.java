// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import jakarta.enterprise.context.ApplicationScoped;
import serai.pool.PoolId;

/** Pools that want to be looked at now. */
@ApplicationScoped
public class Reconciliations {
    /** Returns at once. For one pool, one look is under way and at most one waits. */
    public void request(PoolId pool) {
        throw new UnsupportedOperationException("follows");
    }
}
