// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import serai.autoscale.Decision.GiveUp;
import serai.autoscale.Decision.Hold;
import serai.autoscale.Decision.Remove;
import serai.autoscale.Decision.ScaleDown;
import serai.autoscale.Decision.ScaleUp;
import serai.autoscale.Demands.Observation;
import serai.call.Inputs;
import serai.cluster.Cluster;
import serai.config.AutoscaleConfig;
import serai.container.Containers;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.problem.ProblemException;

/**
 * Brings one pool to the size it should have. It looks in a short transaction and acts outside of any. A failure stays
 * with its pool: it is kept as the reason of its size, and the next tick tries again.
 */
@ApplicationScoped
public class PoolScaler {
    private static final System.Logger LOG = System.getLogger(PoolScaler.class.getName());

    /** A start takes about a second; from then on we ask the cluster whether it still knows of the container. */
    static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Demands demands;
    private final PoolJobs jobs;
    private final Pools pools;
    private final Containers containers;
    private final Inputs inputs;
    private final Retirements retirements;
    private final Cluster cluster;
    private final AutoscaleConfig settings;
    private final InstantSource clock;
    private final ConcurrentHashMap<PoolId, Notes> notes = new ConcurrentHashMap<>();

    @Inject
    public PoolScaler(
            Demands demands,
            PoolJobs jobs,
            Pools pools,
            Containers containers,
            Inputs inputs,
            Retirements retirements,
            Cluster cluster,
            AutoscaleConfig settings) {
        this(demands, jobs, pools, containers, inputs, retirements, cluster, settings, InstantSource.system());
    }

    public PoolScaler(
            Demands demands,
            PoolJobs jobs,
            Pools pools,
            Containers containers,
            Inputs inputs,
            Retirements retirements,
            Cluster cluster,
            AutoscaleConfig settings,
            InstantSource clock) {
        this.demands = demands;
        this.jobs = jobs;
        this.pools = pools;
        this.containers = containers;
        this.inputs = inputs;
        this.retirements = retirements;
        this.cluster = cluster;
        this.settings = settings;
        this.clock = clock;
    }

    public PoolScaler() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /** May be called at any time by anyone; looks at one pool follow each other. Never throws. */
    public void reconcile(PoolId id) {
        var own = notes.computeIfAbsent(id, i -> new Notes());
        own.turn.lock();
        try {
            var seen = demands.observe(id, own.gaveUpAt());
            if (seen.isEmpty() || seen.get().pool().state() == Pool.State.GONE) {
                notes.remove(id);
                return;
            }
            act(seen.get(), own);
            own.recovered(id);
        } catch (ProblemException e) {
            trouble(id, own, words(e), e);
        } catch (RuntimeException e) {
            trouble(id, own, "the server failed to scale it: " + e, e);
        } finally {
            own.turn.unlock();
        }
    }

    /**
     * The pool's starts fail in a way that another try would not mend: what waits for it fails too, and its places are
     * withdrawn. The next input tries again.
     *
     * @param content the container's own words for the callers; null if it had none
     */
    public void giveUp(PoolId id, byte[] content, String reason) {
        var own = notes.computeIfAbsent(id, i -> new Notes());
        own.turn.lock();
        try {
            inputs.failPending(id, content, reason);
            own.gaveUpAt = clock.instant();
            pools.startSucceeded(id); // counting begins anew
            withdraw(id, 0, reason);
        } catch (ProblemException e) {
            trouble(id, own, words(e), e);
        } finally {
            own.turn.unlock();
        }
    }

    private void withdraw(PoolId id, int to, String reason) {
        try {
            cluster.resize(id, to, reason);
        } catch (ProblemException e) {
            if (e.problem() != Problem.POOL_NOT_DECLARED) { // then there is nothing to withdraw
                throw e;
            }
        }
        pools.resized(id, to, reason, clock.instant());
    }

    private void act(Observation seen, Notes own) {
        if (seen.pool().state() == Pool.State.ACTIVE && seen.isCurrent()) {
            scale(seen, own);
        } else {
            retire(seen);
        }
    }

    private void scale(Observation seen, Notes own) {
        var id = seen.pool().id();
        if (!seen.pool().isDeclared()) {
            declare(seen, own);
        }
        var policy = new ScalingPolicy(seen.autoscaler(), settings.crashLimit());
        var now = clock.instant();
        switch (policy.decide(seen.demand(), now)) {
            case ScaleUp(int to, String reason) -> {
                if (seen.demand().size() == 0 && !own.declared) {
                    declare(seen, own); // by an earlier server, perhaps with another runner
                }
                resize(seen, own, to, reason);
            }
            case ScaleDown(int to, var draining, String reason) -> {
                var idleBefore = now.minus(seen.autoscaler().scaledownWindow());
                int drained = containers.drainIdle(id, draining, idleBefore);
                int reached = drained == draining.size()
                        ? to
                        : ordinalOf(seen, draining.get(draining.size() - 1 - drained)) + 1; // it is busy again
                if (reached < seen.demand().size()) {
                    resize(seen, own, reached, reason);
                }
            }
            case GiveUp(String reason) -> giveUp(id, null, lastFailure(seen, reason));
            case Hold(String reason) -> hold(seen, own, policy.wanted(seen.demand(), now), reason);
            case Remove remove -> throw new IllegalStateException("a pool in use is not removed: " + remove);
        }
    }

    private static int ordinalOf(Observation seen, String container) {
        return seen.demand().replicas().stream()
                .filter(r -> r.id().equals(container))
                .findFirst()
                .orElseThrow()
                .ordinal();
    }

    /** The pool's reason is the last failed start, as both are written together. */
    private static String lastFailure(Observation seen, String reason) {
        return seen.pool().reason().isEmpty()
                ? reason
                : reason + ": " + seen.pool().reason();
    }

    private void hold(Observation seen, Notes own, int wanted, String reason) {
        var now = clock.instant();
        if (seen.demand().usable() >= wanted) {
            own.shortSince = null;
            if (own.trouble != null || own.waits) {
                own.waits = false;
                pools.explain(seen.pool().id(), reason, now);
            }
        } else if (own.shortSince == null) {
            own.shortSince = now;
        } else if (!now.isBefore(own.shortSince.plus(PATIENCE))) {
            own.shortSince = now;
            mend(seen, own);
        }
    }

    /** Containers are missing for longer than a start takes. */
    private void mend(Observation seen, Notes own) {
        var id = seen.pool().id();
        int size = seen.demand().size();
        long present = cluster.allocations(id).stream()
                .filter(a -> !a.state().isTerminal())
                .count();
        if (present < size) {
            if (seen.demand().replicas().isEmpty()) {
                declare(seen, own); // the cluster may have lost it altogether
            }
            var reason = "%d of %d containers are gone from the cluster".formatted(size - present, size);
            LOG.log(INFO, "pool {0}: {1}, they are asked for again", id, reason);
            resize(seen, own, size, reason);
        } else {
            cluster.shortage(id).ifPresent(shortage -> {
                own.waits = true;
                pools.explain(
                        id,
                        "%d containers wait for a place: %s".formatted(shortage.missing(), shortage.reason()),
                        clock.instant());
            });
        }
    }

    private void declare(Observation seen, Notes own) {
        cluster.declare(jobs.of(seen));
        own.declared = true;
        if (!seen.pool().isDeclared()) {
            pools.declared(seen.pool().id());
        }
    }

    /** First the cluster, then our record of it: what failed half-way is asked for again. */
    private void resize(Observation seen, Notes own, int to, String reason) {
        var id = seen.pool().id();
        try {
            cluster.resize(id, to, reason);
        } catch (ProblemException e) {
            if (e.problem() != Problem.POOL_NOT_DECLARED) {
                throw e;
            }
            declare(seen, own);
            cluster.resize(id, to, reason);
        }
        pools.resized(id, to, reason, clock.instant());
        own.shortSince = null;
        own.waits = false;
    }

    private void retire(Observation seen) {
        var id = seen.pool().id();
        retirements.begin(id); // an input that came late, or a container
        if (!seen.app().state().runs()) {
            if (seen.demand().replicas().isEmpty() || isStopGraceOver(seen)) {
                remove(seen);
            }
            return;
        }
        var policy = new ScalingPolicy(seen.autoscaler(), settings.crashLimit());
        switch (policy.retire(seen.demand(), clock.instant(), settings.stopGrace())) {
            case ScaleDown(int to, var draining, String reason) -> {
                withdraw(id, to, reason);
            }
            case Remove remove -> remove(seen);
            case Hold(String reason) -> pools.explain(id, reason, clock.instant());
            case ScaleUp up -> throw new IllegalStateException("a retiring pool does not grow: " + up);
            case GiveUp giveUp -> throw new IllegalStateException("a retiring pool has nothing to give up: " + giveUp);
        }
    }

    private boolean isStopGraceOver(Observation seen) {
        var stoppedAt = seen.app().stoppedAt();
        return stoppedAt == null || !clock.instant().isBefore(stoppedAt.plus(settings.stopGrace()));
    }

    private void remove(Observation seen) {
        var id = seen.pool().id();
        if (seen.pool().isDeclared()) {
            cluster.remove(id);
        }
        pools.gone(id, clock.instant());
        notes.remove(id);
    }

    private static String words(ProblemException e) {
        return "%s: %s".formatted(e.problem().title, e.getMessage());
    }

    /** Logged once for each change, kept for people. */
    private void trouble(PoolId id, Notes own, String why, RuntimeException cause) {
        if (why.equals(own.trouble)) {
            return;
        }
        own.trouble = why;
        if (cause instanceof ProblemException) {
            LOG.log(WARNING, "pool {0} not scaled: {1}", id, why);
        } else {
            LOG.log(WARNING, "pool " + id + " not scaled", cause);
        }
        try {
            pools.explain(id, why, clock.instant());
        } catch (RuntimeException e) {
            LOG.log(WARNING, "the reason of pool {0} is not kept: {1}", id, e.toString());
        }
    }

    /** What this server remembers of a pool. Nothing of it is needed: a restart costs a declaration and some patience. */
    private static final class Notes {
        final ReentrantLock turn = new ReentrantLock();
        boolean declared; // by this server, so with its runner
        boolean waits; // for a place
        Instant shortSince;
        Instant gaveUpAt;
        String trouble;

        Optional<Instant> gaveUpAt() {
            return Optional.ofNullable(gaveUpAt);
        }

        void recovered(PoolId id) {
            if (trouble != null) {
                LOG.log(INFO, "pool {0} is scaled again", id);
                trouble = null;
            }
        }
    }
}
