// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import serai.autoscale.Decision.GiveUp;
import serai.autoscale.Decision.Hold;
import serai.autoscale.Decision.Remove;
import serai.autoscale.Decision.ScaleDown;
import serai.autoscale.Decision.ScaleUp;
import serai.autoscale.Decision.Stay;
import serai.autoscale.Demands.Observation;
import serai.call.Inputs;
import serai.cluster.Allocation;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.config.AutoscaleConfig;
import serai.config.DeviceConfig;
import serai.container.Containers;
import serai.database.DatabaseClock;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.pool.Unplaced;
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

    /** Time for the cluster to see that it has no such device: whoever waits for one shall know at once. */
    private static final Duration FIRST_LOOK = Duration.ofMillis(200);

    private final Demands demands;
    private final PoolJobs jobs;
    private final Pools pools;
    private final Containers containers;
    private final Inputs inputs;
    private final Retirements retirements;
    private final Shortages shortages;
    private final Cluster cluster;
    private final AutoscaleConfig settings;
    private final DeviceConfig devices;
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
            Shortages shortages,
            Cluster cluster,
            AutoscaleConfig settings,
            DeviceConfig devices,
            DatabaseClock clock) {
        this(
                demands,
                jobs,
                pools,
                containers,
                inputs,
                retirements,
                shortages,
                cluster,
                settings,
                devices,
                (InstantSource) clock);
    }

    public PoolScaler(
            Demands demands,
            PoolJobs jobs,
            Pools pools,
            Containers containers,
            Inputs inputs,
            Retirements retirements,
            Shortages shortages,
            Cluster cluster,
            AutoscaleConfig settings,
            DeviceConfig devices,
            InstantSource clock) {
        this.demands = demands;
        this.jobs = jobs;
        this.pools = pools;
        this.containers = containers;
        this.inputs = inputs;
        this.retirements = retirements;
        this.shortages = shortages;
        this.cluster = cluster;
        this.settings = settings;
        this.devices = devices;
        this.clock = clock;
    }

    public PoolScaler() {
        this(null, null, null, null, null, null, null, null, null, null, (InstantSource)
                null); // for the server's proxy
    }

    /**
     * May be called at any time by anyone; looks at one pool follow each other. Never throws.
     *
     * @param isOurs asked right before the cluster is: after a standstill another server looks at the pool, and what was decided
     *     from an old look would stop what works
     */
    public void reconcile(PoolId id, BooleanSupplier isOurs) {
        var own = notes.computeIfAbsent(id, Notes::new);
        own.turn.lock();
        try {
            own.isOurs = isOurs;
            if (own.rest.isOn(clock.instant())) {
                return;
            }
            var seen = demands.observe(id);
            if (seen.isEmpty()) {
                notes.remove(id);
                return;
            }
            if (seen.get().pool().state() == Pool.State.GONE) {
                retirements.begin(
                        id); // an input was on its way, or was given back by a container that outlived the pool
                notes.remove(id);
                return;
            }
            if (seen.get().ranks().size() > 1) {
                actInTurn(seen.get(), own);
            } else {
                act(seen.get(), own);
            }
            recovered(id, own);
        } catch (OvertakenException e) {
            LOG.log(DEBUG, "pool {0}: the look is not current any more", id);
        } catch (ProblemException e) {
            trouble(id, own, words(e), e);
        } catch (RuntimeException e) {
            trouble(id, own, "the server failed to scale it: " + e, e);
        } finally {
            own.turn.unlock();
        }
    }

    /** Ranks share one maximum, so they are looked at one after the other, each knowing what the others ask for. */
    private void actInTurn(Observation seen, Notes own) {
        var queue = notes.computeIfAbsent(seen.pool().queue(), Notes::new).ranks;
        queue.lock();
        try {
            demands.observe(seen.pool().id()).ifPresent(now -> act(now, own));
        } finally {
            queue.unlock();
        }
    }

    /** @return looks that the last ones have asked for, each once */
    List<FollowUp> followUps(PoolId id) {
        var own = notes.get(id);
        if (own == null) {
            return List.of();
        }
        var asked = new ArrayList<FollowUp>();
        for (var next = own.followUps.poll(); next != null; next = own.followUps.poll()) {
            asked.add(next);
        }
        return asked;
    }

    /** A look at a pool that shall not wait for the next tick. */
    record FollowUp(PoolId pool, Duration after) {}

    /**
     * The pool's starts fail in a way that another try would not mend: what waits for it fails too, and its places are
     * withdrawn. The next input tries again.
     *
     * @param content the container's own words for the callers; null if it had none
     */
    public void giveUp(PoolId id, byte[] content, String reason) {
        var own = notes.computeIfAbsent(id, Notes::new);
        own.turn.lock();
        try {
            own.isOurs = () -> true; // a report says it, and no look that may be old
            failPending(id, content, reason);
            containers.drain(id); // what is still starting is withdrawn
            pools.gaveUp(id, reason, clock.instant());
            withdraw(id, own, 0, reason);
        } catch (ProblemException e) {
            trouble(id, own, words(e), e);
        } finally {
            own.turn.unlock();
        }
    }

    /** Where a better or a worse GPU works, the inputs wait for that one. */
    private void failPending(PoolId id, byte[] content, String reason) {
        var queue = pools.get(id).queue();
        boolean othersWork = pools.ranks(queue).stream()
                .filter(pool -> !pool.id().equals(id))
                .flatMap(pool -> containers.live(pool.id()).stream())
                .anyMatch(c -> c.readyAt() != null);
        if (othersWork) {
            pools.close(id, clock.instant().plus(ScalingPolicy.COOL_DOWN));
        } else {
            inputs.failPending(queue, content, reason);
        }
    }

    private void withdraw(PoolId id, Notes own, int to, String reason) {
        own.mustBeOurs();
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
            retire(seen, own);
        }
    }

    private void scale(Observation look, Notes own) {
        var id = look.pool().id();
        var seen = look.seen(own.pace(look), own.trend(look, clock.instant()));
        var now = clock.instant();
        var share = seen.share(devices.patience(), now);
        if (share.givesWay(seen.demand().size())) {
            giveWay(seen, own, share.keep());
            return;
        }
        var policy = new ScalingPolicy(share.settings(), settings.crashLimit());
        var demand = seen.demand().of(share.pending());
        int wanted = Math.min(policy.wanted(demand, now), share.most());
        if (withdrawsUnplaced(seen, own, wanted)) {
            return;
        }
        switch (policy.decide(demand, now)) {
            case ScaleUp(int to, String reason)
            when share.most() <= seen.demand().size() -> hold(seen, own, wanted, reason);
            case ScaleUp(int to, String reason) -> {
                if (seen.demand().size() == 0 && !own.declared) {
                    declare(seen, own); // its first need, or an earlier server knew it, perhaps with another runner
                }
                grow(seen, own, Math.min(to, share.most()), reason);
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
            case GiveUp(String reason) -> {
                own.mustBeOurs();
                giveUp(id, null, lastFailure(seen, reason));
            }
            case Hold(String reason) -> hold(seen, own, wanted, reason);
            case Stay(String reason) -> {
                hold(seen, own, wanted, reason);
                pools.explain(id, reason, now);
            }
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

    private void grow(Observation seen, Notes own, int to, String reason) {
        boolean isInstead = seen.pool().rank() > 0 && seen.demand().size() == 0;
        resize(seen, own, to, reason);
        if (isInstead) {
            shortages.insteadOf(seen, clock.instant());
        }
        if (seen.gpu().isPresent()) {
            own.followUps.add(new FollowUp(seen.pool().id(), FIRST_LOOK));
        }
    }

    /** What has no place is asked of the next rank: first it goes here, so that the maximum holds at every moment. */
    private void giveWay(Observation seen, Notes own, int keep) {
        var now = clock.instant();
        int unplaced = seen.pool().unplaced().map(Unplaced::containers).orElse(0);
        int to = Math.max(keep, seen.demand().occupied());
        if (to < seen.demand().size()) {
            resize(seen, own, to, "the next GPU of the list is asked for");
        }
        shortages.giveWay(seen, Math.max(0, unplaced - (seen.demand().size() - to)), now.plus(devices.retry()), now);
        nextRank(seen, Duration.ZERO).ifPresent(own.followUps::add);
    }

    private static Optional<FollowUp> nextRank(Observation seen, Duration after) {
        int next = seen.pool().rank() + 1;
        return next < seen.ranks().size()
                ? Optional.of(new FollowUp(seen.ranks().get(next).id(), after))
                : Optional.empty();
    }

    /** What has no place and is not needed any more is not waited for: it would take a device for nothing. */
    private boolean withdrawsUnplaced(Observation seen, Notes own, int wanted) {
        var unplaced = seen.pool().unplaced();
        if (unplaced.isEmpty()) {
            return false;
        }
        int size = seen.demand().size();
        int placed = Math.max(size - unplaced.get().containers(), seen.demand().occupied());
        int to = Math.max(wanted, placed);
        if (to >= size) {
            return false;
        }
        resize(seen, own, to, "%d containers without a place are not needed any more".formatted(size - to));
        shortages.shrink(seen, unplaced.get().containers() - (size - to), clock.instant());
        return true;
    }

    private void hold(Observation seen, Notes own, int wanted, String reason) {
        var now = clock.instant();
        if (seen.demand().usable() >= Math.min(wanted, seen.demand().size())) {
            own.shortSince = null;
            if (seen.demand().usable() > 0 || !seen.demand().isWork()) {
                own.told = null;
            }
            if (own.trouble != null || seen.pool().unplaced().isPresent()) {
                shortages.end(seen, reason, now);
            }
            return;
        }
        boolean isShort = (seen.gpu().isPresent() || seen.pool().unplaced().isPresent()) && isShort(seen, own, reason);
        if (own.shortSince == null) {
            own.shortSince = now;
        } else if (!now.isBefore(own.shortSince.plus(PATIENCE))) {
            own.shortSince = now;
            mend(seen, own, isShort, reason);
        }
    }

    /** Asks whether the cluster has no place, and keeps what it says. */
    private boolean isShort(Observation seen, Notes own, String reason) {
        var now = clock.instant();
        var shortage = cluster.shortage(seen.pool().id());
        if (shortage.isPresent()) {
            own.told = shortages.begin(seen, shortage.get(), own.told, now);
            if (seen.pool().unplaced().isEmpty()) {
                nextRank(seen, devices.patience()).ifPresent(own.followUps::add);
            }
        } else if (seen.pool().unplaced().isPresent()) {
            shortages.end(seen, reason, now);
        }
        return shortage.isPresent();
    }

    /** Containers are missing for longer than a start takes. */
    private void mend(Observation seen, Notes own, boolean isShort, String why) {
        var id = seen.pool().id();
        var alive = cluster.allocations(id).stream()
                .filter(a -> !a.state().isTerminal())
                .toList();
        own.mustBeOurs();
        endLeftOver(alive, own);
        if (isShort || isShort(seen, own, why)) {
            return;
        }
        int size = seen.demand().size();
        int present = alive.size();
        if (present < size) {
            if (seen.demand().replicas().isEmpty()) {
                declare(seen, own); // the cluster may have lost it altogether
            }
            var reason = "%d of %d containers are gone from the cluster".formatted(size - present, size);
            LOG.log(INFO, "pool {0}: {1}, they are asked for again", id, reason);
            resize(seen, own, size, reason);
        }
    }

    /** Whoever wrote down the end of their containers died before it asked the cluster, or got no answer. */
    private void endLeftOver(List<Allocation> alive, Notes own) {
        var before = own.leftOver; // what has just ended is about to go
        own.leftOver = containers.ended(alive.stream()
                .filter(a -> a.state() != Allocation.State.STOPPING)
                .map(a -> a.id().value())
                .toList());
        for (var allocation : own.leftOver) {
            if (before.contains(allocation)) {
                LOG.log(INFO, "allocation {0} has outlived its container and is ended", allocation);
                cluster.stop(new AllocationId(allocation));
            }
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
        own.mustBeOurs();
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
    }

    private void retire(Observation seen, Notes own) {
        var id = seen.pool().id();
        if (!retirements.begin(id)) { // for an input that came late, or a container
            return; // the look is older than a rollback to it
        }
        if (!seen.app().state().runs()) {
            if (seen.demand().replicas().isEmpty() || isStopGraceOver(seen)) {
                remove(seen);
            }
            return;
        }
        var policy = new ScalingPolicy(seen.autoscaler(), settings.crashLimit());
        switch (policy.retire(seen.demand(), clock.instant(), settings.stopGrace())) {
            case ScaleDown(int to, var draining, String reason) -> {
                withdraw(id, own, to, reason);
            }
            case Remove remove -> remove(seen);
            case Hold(String reason) -> pools.explain(id, reason, clock.instant());
            case ScaleUp up -> throw new IllegalStateException("a retiring pool does not grow: " + up);
            case Stay stay -> throw new IllegalStateException("a retiring pool has no reason to stay: " + stay);
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

    /** Logged once for each change, kept for people, and told to the first who wait. */
    private void trouble(PoolId id, Notes own, String why, RuntimeException cause) {
        if (cause instanceof ProblemException e && e.problem() == Problem.CLUSTER_UNAVAILABLE) {
            own.rest.longer(clock.instant());
        }
        if (why.equals(own.trouble) && own.isTroubleTold) {
            return;
        }
        boolean isNews = !why.equals(own.trouble);
        own.trouble = why;
        if (isNews && cause instanceof ProblemException) {
            LOG.log(WARNING, "pool {0} not scaled: {1}", id, why);
        } else if (isNews) {
            LOG.log(WARNING, "pool " + id + " not scaled", cause);
        }
        try {
            own.isTroubleTold = shortages.trouble(id, why, clock.instant());
        } catch (RuntimeException e) {
            LOG.log(WARNING, "the reason of pool {0} is not kept: {1}", id, e.toString());
        }
    }

    private void recovered(PoolId id, Notes own) {
        own.rest.over();
        if (own.trouble != null) {
            own.trouble = null;
            own.isTroubleTold = false;
            LOG.log(INFO, "pool {0} is scaled again", id);
            shortages.recovered(id, clock.instant());
        }
    }

    /** Another server may look at the pool by now. */
    private static final class OvertakenException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** What this server remembers of a pool. Nothing of it is needed: a restart costs a declaration and some patience. */
    private static final class Notes {
        final ReentrantLock turn = new ReentrantLock();
        final ReentrantLock ranks = new ReentrantLock(); // of the queue's pool: who of them is looked at
        final Rest rest;
        BooleanSupplier isOurs = () -> true;
        final Queue<FollowUp> followUps = new ConcurrentLinkedQueue<>();
        boolean declared; // by this server, so with its runner
        Instant shortSince;
        List<String> leftOver = List.of(); // allocations whose container had ended, at the last look while it was short
        Pace pace = Pace.UNKNOWN;
        Trend trend = Trend.NONE;
        String trouble;
        boolean isTroubleTold; // to those who wait, if anybody did
        String told; // to those who wait

        Notes(PoolId pool) {
            rest = new Rest(pool.hashCode());
        }

        void mustBeOurs() {
            if (!isOurs.getAsBoolean()) {
                throw new OvertakenException();
            }
        }

        /** A pool that was at zero still knows how long its inputs took. */
        Pace pace(Observation look) {
            var seen = look.demand().pace();
            if (seen.input().isPresent()) {
                pace = seen;
            }
            return pace;
        }

        Trend trend(Observation look, Instant now) {
            var demand = look.demand();
            trend = trend.seen(
                    demand.pending() + demand.running(),
                    demand.ready() * demand.concurrency(),
                    look.autoscaler().scaledownWindow(),
                    now);
            return trend;
        }
    }
}
