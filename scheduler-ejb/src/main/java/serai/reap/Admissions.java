// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import serai.cluster.Allocation;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.container.Containers;
import serai.database.DatabaseClock;
import serai.id.Secret;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.problem.Problem;

/** Lets runners in: the pool's secret proves the pool, the cluster's word proves the allocation. */
@ApplicationScoped
public class Admissions {
    private final Pools pools;
    private final Containers containers;
    private final Cluster cluster;
    private final InstantSource clock;

    @Inject
    public Admissions(Pools pools, Containers containers, Cluster cluster, DatabaseClock clock) {
        this(pools, containers, cluster, (InstantSource) clock);
    }

    public Admissions(Pools pools, Containers containers, Cluster cluster, InstantSource clock) {
        this.clock = clock;
        this.pools = pools;
        this.containers = containers;
        this.cluster = cluster;
    }

    public Admissions() {
        this(null, null, null, (InstantSource) null); // for the server's proxy
    }

    /**
     * Asks the cluster, so call it outside of transactions.
     *
     * @param ordinal what the runner says; it has to be what the cluster says
     * @throws serai.problem.ProblemException UNAUTHENTICATED for a wrong pool or secret, CONTAINER_REFUSED when the
     *     allocation is not the pool's, is ending, or the pool takes no more; CONTAINER_KNOWN at the second time
     */
    public Containers.Admitted admit(PoolId id, String secret, AllocationId allocation, int ordinal, String node) {
        var pool = pools.find(id)
                .filter(p -> Secret.isSame(p.secret(), secret))
                .orElseThrow(() -> Problem.UNAUTHENTICATED.because("pool %s and its secret do not match", id));
        if (pool.state() != Pool.State.ACTIVE) {
            throw Problem.CONTAINER_REFUSED.because("pool %s takes no more containers", id);
        }
        var known = placed(id, allocation, ordinal);
        return containers.admit(
                pool, allocation.value(), known.index(), node.isEmpty() ? known.node() : node, clock.instant());
    }

    /**
     * The cluster's word for an allocation that says to be a pool's.
     *
     * @throws serai.problem.ProblemException CONTAINER_REFUSED when it is another's, or is ending
     */
    public Allocation placed(PoolId pool, AllocationId allocation, int ordinal) {
        var known = cluster.allocation(allocation)
                .orElseThrow(() -> Problem.CONTAINER_REFUSED.because("the cluster knows no allocation %s", allocation));
        check(known, pool, ordinal);
        return known;
    }

    private static void check(Allocation known, PoolId pool, int ordinal) {
        if (!known.pool().equals(pool)) {
            throw Problem.CONTAINER_REFUSED.because("allocation %s is not of pool %s", known.id(), pool);
        }
        if (known.state().isTerminal() || known.state() == Allocation.State.STOPPING) {
            throw Problem.CONTAINER_REFUSED.because("allocation %s is %s", known.id(), known.state());
        }
        if (known.index() != ordinal) {
            throw Problem.CONTAINER_REFUSED.because(
                    "allocation %s has index %d and not %d", known.id(), known.index(), ordinal);
        }
    }
}
