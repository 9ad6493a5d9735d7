// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import jakarta.enterprise.context.ApplicationScoped;
import serai.cluster.AllocationId;
import serai.container.Containers;
import serai.pool.PoolId;

/** Lets runners in: the pool's secret proves the pool, the cluster's word proves the allocation. */
@ApplicationScoped
public class Admissions {
    /**
     * Asks the cluster, so call it outside of transactions.
     *
     * @param ordinal what the runner says; it has to be what the cluster says
     * @throws serai.problem.ProblemException UNAUTHENTICATED for a wrong pool or secret, CONTAINER_REFUSED when the
     *     allocation is not the pool's, is ending, or the pool takes no more; CONTAINER_KNOWN at the second time
     */
    public Containers.Admitted admit(PoolId pool, String secret, AllocationId allocation, int ordinal, String node) {
        throw new UnsupportedOperationException("follows");
    }
}
