// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.pool;

import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import serai.function.Definition;
import serai.function.Function;
import serai.function.Functions;
import serai.model.Entities;
import serai.model.Steps;
import serai.problem.Problem;

/** {@link Pools} in memory; what a pool does is the entity's own. */
public final class ModelPools extends Pools {
    private final Map<PoolId, Pool> rows = new LinkedHashMap<>();
    private final Functions functions;
    private final Predicate<PoolId> isAnythingPending;
    private final Predicate<PoolId> hasContainers;
    private final Steps steps;
    private final Set<String> counted = new HashSet<>();

    /**
     * @param isAnythingPending of a queue
     * @param hasContainers that have not ended
     */
    public ModelPools(
            Functions functions, Predicate<PoolId> isAnythingPending, Predicate<PoolId> hasContainers, Steps steps) {
        this.hasContainers = hasContainers;
        this.functions = functions;
        this.isAnythingPending = isAnythingPending;
        this.steps = steps;
    }

    public Pool add(String id, Function function, Definition definition) {
        var pool = Entities.with(new Pool(function, definition, 0, null), "id", id);
        Entities.with(pool, "secret", "ps-" + id);
        rows.put(pool.id(), pool);
        return Entities.detached(pool);
    }

    @Override
    public Optional<Pool> find(PoolId id) {
        return steps.of(() -> Optional.ofNullable(rows.get(id)).map(Entities::detached));
    }

    @Override
    public Pool get(PoolId id) {
        return find(id).orElseThrow(() -> Problem.POOL_NOT_FOUND.because("Pool '%s' not found", id));
    }

    @Override
    public List<PoolId> awake() {
        return steps.of(
                () -> rows.values().stream().filter(this::isAwake).map(Pool::id).toList());
    }

    private boolean isAwake(Pool pool) {
        return switch (pool.state()) {
            case DRAINING -> true;
            case GONE -> isAnythingPending.test(pool.id());
            case ACTIVE ->
                pool.size() > 0
                        || isAnythingPending.test(pool.queue())
                        || hasContainers.test(pool.id())
                        || functions
                                        .definition(pool.definitionId())
                                        .duties()
                                        .autoscaler()
                                        .minContainers()
                                > 0;
        };
    }

    @Override
    public List<Pool> ranks(PoolId queue) {
        return steps.of(() -> rows.values().stream()
                .filter(p -> p.queue().equals(queue) && p.state() == Pool.State.ACTIVE)
                .sorted(Comparator.comparingInt(Pool::rank))
                .map(Entities::detached)
                .toList());
    }

    private void change(PoolId id, Consumer<Pool> verb) {
        steps.run(() -> verb.accept(Optional.ofNullable(rows.get(id)).orElseThrow()));
    }

    @Override
    public void declared(PoolId id) {
        change(id, Pool::declared);
    }

    @Override
    public void resized(PoolId id, int total, String reason, Instant now) {
        change(id, pool -> pool.resized(total, reason, now));
    }

    @Override
    public void explain(PoolId id, String reason, Instant now) {
        change(id, pool -> pool.explain(reason, now));
    }

    @Override
    public void unplaced(PoolId id, int containers, String why, Instant now) {
        change(id, pool -> pool.unplaced(containers, why, now));
    }

    @Override
    public void placed(PoolId id, Instant now) {
        change(id, Pool::placed);
    }

    @Override
    public int sizeBeside(Pool pool) {
        return steps.of(() -> rows.values().stream()
                .filter(p -> !p.id().equals(pool.id()))
                .mapToInt(Pool::size)
                .sum());
    }

    @Override
    public void gaveUp(PoolId id, String reason, Instant now) {
        change(id, pool -> {
            pool.gaveUp(now);
            pool.startSucceeded();
        });
    }

    @Override
    public boolean isFirstToCount(String allocationId) {
        return steps.of(() -> counted.add(allocationId));
    }

    @Override
    public void close(PoolId id, Instant until) {
        change(id, pool -> pool.close(until));
    }

    @Override
    public int startFailed(PoolId id, String why, Instant now) {
        return steps.of(() -> {
            var pool = Optional.ofNullable(rows.get(id)).orElseThrow();
            pool.startFailed(why, now);
            return pool.failures();
        });
    }

    /** What a container's first request for work does to its pool's row. */
    public void startSucceeded(PoolId id) {
        change(id, Pool::startSucceeded);
    }

    @Override
    public void drain(PoolId id) {
        change(id, Pool::drain);
    }

    @Override
    public void gone(PoolId id, Instant now) {
        change(id, pool -> pool.gone(now));
    }
}
