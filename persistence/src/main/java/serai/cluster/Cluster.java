// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import serai.pool.PoolId;

/**
 * What we ask of whatever runs our containers.
 *
 * <p>Every call that changes something may be repeated. Each throws a {@link serai.problem.ProblemException}: {@code
 * CLUSTER_UNAVAILABLE} when it does not answer, {@code CLUSTER_REFUSED} with its own words when it says no.
 */
public interface Cluster {
    /** Makes the pool known, without any container; a pool that is known keeps its size. */
    void declare(PoolJob job);

    /**
     * Sets how many containers the pool shall have. It sets a total, it does not add a difference.
     *
     * @param reason kept by the cluster beside the change
     */
    void resize(PoolId pool, int total, String reason);

    /** Ends what runs and forgets the pool and its secret. An unknown pool is not an error. */
    void remove(PoolId pool);

    /** The pool's allocations, terminal ones included as long as the cluster remembers them. */
    List<Allocation> allocations(PoolId pool);

    Optional<Allocation> allocation(AllocationId id);

    /** Ends one container, first politely, and puts another in its place. An unknown or ended one is not an error. */
    void stop(AllocationId id);

    /** Present while containers were asked for and find no place. */
    Optional<Shortage> shortage(PoolId pool);

    /**
     * Tells of every allocation of ours that changes, in order, until closed. After a gap every known allocation is told
     * again, so a listener must accept what it knows already. It runs on one thread of the adapter and must not block long.
     */
    Watch watch(Consumer<Allocation> listener);

    /** @throws serai.problem.ProblemException if the cluster does not answer */
    ClusterInfo info();

    /** Asks nobody. Present when the last call got no answer; it says since when none did. */
    Optional<Outage> outage();

    /**
     * @param since by this server's clock
     * @param isPaused whether calls are not even tried for some seconds, as most of them failed: a circuit breaker is open
     * @param reason of the first of the calls that failed
     */
    record Outage(Instant since, boolean isPaused, String reason) {}

    /** Every machine that the cluster knows, also those that are down. */
    List<Node> nodes();

    /** Where people look at the pool in the cluster's own interface; empty where it has none, or does not answer. */
    Optional<URI> page(PoolId pool);

    /** Where people look at the allocation in the cluster's own interface; empty where it has none, or does not answer. */
    Optional<URI> page(AllocationId id);

    /** A running {@link #watch}. */
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }
}
