// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.Optional;
import serai.cluster.AllocationId;
import serai.container.Container;
import serai.container.Containers;
import serai.log.Logs;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;

/** Keeps that containers have ended, and counts starts that failed. */
@ApplicationScoped
public class ContainerEnds {
    private static final int LAST_WORDS = 2_000;

    private final Containers containers;
    private final Pools pools;
    private final Logs logs;

    @Inject
    public ContainerEnds(Containers containers, Pools pools, Logs logs) {
        this.containers = containers;
        this.pools = pools;
        this.logs = logs;
    }

    public ContainerEnds() {
        this(null, null, null); // for the server's proxy
    }

    /**
     * A container that ends before it was ready, other than with code 0 or because it was told to, is a start that failed.
     *
     * @return the container; empty if its end was known
     */
    @Transactional
    public Optional<Container> keep(String id, Integer exitCode, String reason, Instant now) {
        var before = containers.end(id, exitCode, reason, now);
        if (before.isEmpty()) {
            return Optional.empty();
        }
        var container = containers.find(id).orElseThrow();
        boolean wasStarting = before.get() == Container.State.STARTING;
        if (wasStarting && (exitCode == null || exitCode != 0) && isWanted(container.poolId(), container.ordinal())) {
            pools.startFailed(container.poolId(), words(container, exitCode, reason), now);
        }
        return Optional.of(container);
    }

    /** A place whose runner never presented itself. Every server may say it, it counts once. */
    @Transactional
    public void neverStarted(AllocationId allocation, PoolId pool, int ordinal, String reason, Instant now) {
        if (isWanted(pool, ordinal) && pools.isFirstToCount(allocation.value())) {
            pools.startFailed(pool, "the runner did not start: " + reason, now);
        }
    }

    /** @return false where we have withdrawn the place ourselves */
    private boolean isWanted(PoolId id, int ordinal) {
        return pools.find(id)
                .filter(pool -> pool.state() == Pool.State.ACTIVE && ordinal < pool.size())
                .isPresent();
    }

    private String words(Container container, Integer exitCode, String reason) {
        var code = exitCode == null ? "" : " with exit code " + exitCode;
        var why = reason.isEmpty() ? "" : ": " + reason;
        var said = logs.lastWords(container, LAST_WORDS).strip();
        return "container %s ended%s before it was ready%s%s"
                .formatted(container.id(), code, why, said.isEmpty() ? "" : "\n" + said);
    }
}
