// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import serai.autoscale.Reconciliations;
import serai.pool.PoolId;

/** For the edges, in the path of a request: a pool has got work. */
@ApplicationScoped
public class Activator {
    private final Reconciliations reconciliations;

    @Inject
    public Activator(Reconciliations reconciliations) {
        this.reconciliations = reconciliations;
    }

    public Activator() {
        this(null); // for the server's proxy
    }

    /** Returns at once; the pool is scaled in the background. Call it after the commit. */
    public void wake(PoolId pool) {
        reconciliations.request(pool);
    }
}
