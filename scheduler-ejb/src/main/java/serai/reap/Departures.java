// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.INFO;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import serai.autoscale.PoolScaler;
import serai.autoscale.Reconciliations;
import serai.call.Inputs;
import serai.cluster.Allocation;
import serai.config.CallConfig;
import serai.container.Container;
import serai.container.Containers;
import serai.pool.Pools;

/** Containers that end: what they held runs again elsewhere, and starts that fail are counted. */
@ApplicationScoped
public class Departures {
    private static final System.Logger LOG = System.getLogger(Departures.class.getName());

    private final ContainerEnds ends;
    private final Containers containers;
    private final Inputs inputs;
    private final Pools pools;
    private final PoolScaler scaler;
    private final Reconciliations reconciliations;
    private final CallConfig settings;
    private final InstantSource clock;

    @Inject
    public Departures(
            ContainerEnds ends,
            Containers containers,
            Inputs inputs,
            Pools pools,
            PoolScaler scaler,
            Reconciliations reconciliations,
            CallConfig settings) {
        this(ends, containers, inputs, pools, scaler, reconciliations, settings, InstantSource.system());
    }

    public Departures(
            ContainerEnds ends,
            Containers containers,
            Inputs inputs,
            Pools pools,
            PoolScaler scaler,
            Reconciliations reconciliations,
            CallConfig settings,
            InstantSource clock) {
        this.clock = clock;
        this.ends = ends;
        this.containers = containers;
        this.inputs = inputs;
        this.pools = pools;
        this.scaler = scaler;
        this.reconciliations = reconciliations;
        this.settings = settings;
    }

    public Departures() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    /**
     * The runner reports the end. May be repeated. Call it outside of transactions.
     *
     * @param exitCode null if it was ended by a signal
     * @param reason for people; may be empty
     */
    public void ended(String containerId, Integer exitCode, String reason) {
        end(containerId, exitCode, reason);
    }

    /**
     * The container says that it cannot start, say by an import error: another try would end the same, so what waits for
     * the pool fails now. The next input tries again. Where others of the pool work, it counts as a failed start only.
     * Call it outside of transactions.
     *
     * @param content the container's own words, serialized, for the callers
     */
    public void startFailed(String containerId, byte[] content, String reason) {
        var found = containers.find(containerId);
        if (found.isEmpty() || found.get().state() == Container.State.ENDED) {
            return;
        }
        containers.drain(containerId); // its own end is no second failure
        var pool = found.get().poolId();
        if (containers.live(pool).stream().anyMatch(c -> c.readyAt() != null)) {
            pools.startFailed(pool, reason, clock.instant());
            reconciliations.request(pool);
        } else {
            scaler.giveUp(pool, content, reason);
        }
    }

    /**
     * The cluster says that an allocation is over. May be repeated, except for one that never had a container.
     *
     * @param isNews whether it happened just now, so that it tells something about the next start
     */
    void allocationEnded(Allocation allocation, boolean isNews) {
        var container = containers.byAllocation(allocation.id().value());
        if (container.isPresent()) {
            end(container.get().id(), allocation.exitCode().orElse(null), reason(allocation));
        } else if (isNews && allocation.state() == Allocation.State.FAILED) {
            ends.neverStarted(
                    allocation.id(), allocation.pool(), allocation.index(), reason(allocation), clock.instant());
            reconciliations.request(allocation.pool());
        }
    }

    /** The cluster is about to end an allocation: it shall claim no more. */
    void allocationStopping(Allocation allocation) {
        containers
                .byAllocation(allocation.id().value())
                .filter(c -> c.state() == Container.State.STARTING || c.state() == Container.State.ACTIVE)
                .ifPresent(c -> containers.drain(c.id()));
    }

    private static String reason(Allocation allocation) {
        return switch (allocation.state()) {
            case COMPLETE -> allocation.reason().isEmpty() ? "ended" : allocation.reason();
            case FAILED -> allocation.reason().isEmpty() ? "failed" : allocation.reason();
            case LOST -> "its node was lost" + (allocation.reason().isEmpty() ? "" : ": " + allocation.reason());
            case PENDING, RUNNING, STOPPING ->
                throw new IllegalArgumentException("allocation " + allocation.id() + " has not ended");
        };
    }

    /** @return whether this was the end */
    boolean end(String containerId, Integer exitCode, String reason) {
        var ended = ends.keep(containerId, exitCode, reason, clock.instant());
        if (ended.isEmpty()) {
            return false;
        }
        int again = release(containerId, reason);
        if (again > 0) {
            LOG.log(INFO, "container {0} ended ({1}): {2} inputs wait again", containerId, reason, again);
        }
        reconciliations.request(ended.get().poolId());
        return true;
    }

    /**
     * In a transaction of its own: the end locks the container before, a result locks its input first. If a server dies
     * between the two, the reaper sees it.
     */
    int release(String containerId, String reason) {
        return inputs.release(containerId, settings.maxLosses(), reason.isEmpty() ? "it ended" : reason);
    }
}
