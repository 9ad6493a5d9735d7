// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.container;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import serai.container.Container.State;
import serai.model.Entities;
import serai.model.Steps;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.signal.Signals;
import serai.signal.Topic;

/** {@link Containers} in memory. */
public final class ModelContainers extends Containers {
    private final Map<String, Container> rows = new LinkedHashMap<>();
    private final Signals signals;
    private final Steps steps;
    private BiConsumer<Container, String> watch = (container, event) -> {};
    private int admitted;

    public ModelContainers(Signals signals, Steps steps) {
        this.signals = signals;
        this.steps = steps;
    }

    /** Who wants to see signs of life, {@code ""}, and ends with their reason. */
    public void watched(BiConsumer<Container, String> by) {
        watch = by;
    }

    @Override
    public Admitted admit(Pool pool, String allocationId, int ordinal, String node, Instant now) {
        return steps.of(() -> {
            if (rows.values().stream().anyMatch(c -> c.allocationId().equals(allocationId))) {
                throw Problem.CONTAINER_KNOWN.because("allocation %s was let in before", allocationId);
            }
            var container = Entities.with(
                    new Container(pool, allocationId, ordinal, node, "cs-1", now), "id", "ta-" + ++admitted);
            rows.put(container.id(), container);
            watch.accept(container, "");
            return new Admitted(Entities.detached(container), "cs-1");
        });
    }

    @Override
    public Optional<Container> find(String id) {
        return steps.of(() -> Optional.ofNullable(rows.get(id)).map(Entities::detached));
    }

    @Override
    public Optional<Container> byAllocation(String allocationId) {
        return first(c -> c.allocationId().equals(allocationId));
    }

    private Optional<Container> first(Predicate<Container> which) {
        return steps.of(() -> rows.values().stream().filter(which).findFirst().map(Entities::detached));
    }

    private List<Container> all(Predicate<Container> which) {
        return steps.of(() ->
                rows.values().stream().filter(which).map(Entities::detached).toList());
    }

    @Override
    public List<Container> live(PoolId pool) {
        return steps.of(() -> rows.values().stream()
                .filter(c -> c.state() != State.ENDED && c.poolId().equals(pool))
                .sorted(Comparator.comparingInt(Container::ordinal))
                .map(Entities::detached)
                .toList());
    }

    @Override
    public List<String> ended(Collection<String> allocations) {
        return all(c -> c.state() == State.ENDED && allocations.contains(c.allocationId())).stream()
                .map(Container::allocationId)
                .toList();
    }

    @Override
    public boolean isLive(String id) {
        return state(id).filter(state -> state != State.ENDED).isPresent();
    }

    @Override
    public void heartbeat(String id, Instant now) {
        update(id, c -> c.state() != State.ENDED, c -> {
            Entities.with(c, "heartbeatAt", now);
            watch.accept(c, "");
        });
    }

    @Override
    public boolean ready(String id, Instant now) {
        return update(id, c -> c.state() == State.STARTING, c -> {
            Entities.with(c, "state", State.ACTIVE);
            Entities.with(c, "readyAt", now);
            Entities.with(c, "idleSince", now);
            Entities.with(c, "heartbeatAt", now);
            watch.accept(c, "");
        });
    }

    private boolean update(String id, Predicate<Container> where, Consumer<Container> set) {
        return steps.of(() -> {
            var row = rows.get(id);
            if (row == null || !where.test(row)) {
                return false;
            }
            set.accept(row);
            return true;
        });
    }

    private static void draining(Container container) {
        Entities.with(container, "state", State.DRAINING);
    }

    private static boolean isOpen(Container container) {
        return container.state() == State.STARTING || container.state() == State.ACTIVE;
    }

    @Override
    public int drainIdle(PoolId pool, List<String> ids, Instant idleBefore) {
        return steps.of(() -> {
            int drained = 0;
            for (var id : ids.reversed()) {
                if (!update(id, c -> isIdleSince(c, idleBefore), ModelContainers::draining)) {
                    break;
                }
                drained++;
            }
            signals.afterCommit(Topic.work(pool.value()));
            return drained;
        });
    }

    private static boolean isIdleSince(Container container, Instant before) {
        return container.state() == State.ACTIVE
                && container.idleSince() != null
                && !container.idleSince().isAfter(before);
    }

    @Override
    public void drain(PoolId pool) {
        steps.run(() -> {
            rows.values().stream()
                    .filter(c -> c.poolId().equals(pool) && isOpen(c))
                    .forEach(ModelContainers::draining);
            signals.afterCommit(Topic.work(pool.value()));
        });
    }

    @Override
    public void drain(String id) {
        steps.run(() -> {
            update(id, ModelContainers::isOpen, ModelContainers::draining);
            Optional.ofNullable(rows.get(id))
                    .ifPresent(c -> signals.afterCommit(Topic.work(c.poolId().value())));
        });
    }

    @Override
    public Optional<State> end(String id, Integer exitCode, String reason, Instant now) {
        return steps.of(() -> {
            var row = rows.get(id);
            if (row == null || row.state() == State.ENDED) {
                return Optional.empty();
            }
            var before = row.state();
            row.end(exitCode, reason, now);
            watch.accept(row, reason);
            signals.afterCommit(Topic.work(row.poolId().value()));
            return Optional.of(before);
        });
    }

    @Override
    public List<Container> live() {
        return all(c -> c.state() != State.ENDED);
    }

    @Override
    public List<Container> starting() {
        return all(c -> c.state() == State.STARTING);
    }

    /** For the queue's statements, which read and write this table too. */
    public Optional<State> state(String id) {
        return Optional.ofNullable(rows.get(id)).map(Container::state);
    }

    /** @param since null while it works */
    public void idle(String id, Instant since) {
        Entities.with(rows.get(id), "idleSince", since);
    }

    /** @return everything that was ever let in */
    public List<Container> rows() {
        return new ArrayList<>(rows.values());
    }
}
