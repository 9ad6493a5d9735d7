// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import serai.container.Container;
import serai.container.ModelContainers;
import serai.function.Definition;
import serai.function.RetryPolicy;
import serai.model.Steps;
import serai.pool.PoolId;
import serai.replay.Replays;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * The queue's tables in memory, with {@link Calls} and {@link Inputs} on them: each method does what the statement of the
 * same name does, in the same order.
 */
public final class ModelQueue {
    public final Calls calls = new ModelCalls();
    public final Inputs inputs = new ModelInputs();

    private final Map<String, Input> rows = new LinkedHashMap<>(); // in the order of seq
    private final Map<String, List<Output>> outputs = new LinkedHashMap<>(); // by call
    private final Map<String, Calls.Started> replays = new LinkedHashMap<>();
    private final ModelContainers containers;
    private final Signals signals;
    private final InstantSource clock;
    private final Steps steps;
    private Definition definition;
    private Consumer<Input> claimed = input -> {};
    private Consumer<Input> timedOut = input -> {};
    private int made;

    /** @param clock of the database */
    public ModelQueue(ModelContainers containers, Signals signals, InstantSource clock, Steps steps) {
        this.containers = containers;
        this.signals = signals;
        this.clock = clock;
        this.steps = steps;
    }

    /** What all pools' definition is, for time limits. */
    public void definition(Definition of) {
        definition = of;
    }

    /** Who wants to see each attempt begin. */
    public void onClaim(Consumer<Input> listener) {
        claimed = listener;
    }

    /** Who wants to see each attempt that is said to have taken too long. */
    public void onTimeOut(Consumer<Input> listener) {
        timedOut = listener;
    }

    /** A row, as the tables input and output have it. */
    public static final class Input {
        final String id;
        final String callId;
        final int idx;
        String poolId;
        final byte[] payload;
        String state = "PENDING";
        int attempt;
        int retries;
        int losses;
        boolean cancelling;
        String containerId;
        String claimKey;
        Instant availableAt;
        Instant claimedAt;
        Instant finishedAt;
        Instant cancelledAt;

        private Input(String id, String callId, String poolId, NewInput given, Instant now) {
            this.id = id;
            this.callId = callId;
            this.idx = given.idx();
            this.poolId = poolId;
            this.payload = given.payload();
            this.availableAt = now;
        }

        public String id() {
            return id;
        }

        public String state() {
            return state;
        }

        public int attempt() {
            return attempt;
        }

        public int losses() {
            return losses;
        }

        public int retries() {
            return retries;
        }

        public String containerId() {
            return containerId;
        }

        public boolean isOpen() {
            return state.equals("PENDING") || state.equals("RUNNING");
        }

        boolean isRunningOn(String container) {
            return state.equals("RUNNING") && container.equals(containerId);
        }

        private boolean isOf(String container, Result result) {
            return isRunningOn(container) && attempt == result.attempt();
        }

        @Override
        public String toString() {
            return "%s %s attempt %d, %d retries, %d losses, on %s"
                    .formatted(id, state, attempt, retries, losses, containerId);
        }
    }

    public List<Input> rows() {
        return new ArrayList<>(rows.values());
    }

    public Optional<Input> row(String id) {
        return Optional.ofNullable(rows.get(id));
    }

    public List<Output> outputsOf(String call) {
        return List.copyOf(outputs.getOrDefault(call, List.of()));
    }

    public boolean isAnythingPending(PoolId queue) {
        return rows.values().stream().anyMatch(i -> i.state.equals("PENDING") && i.poolId.equals(queue.value()));
    }

    private Stream<Input> held(String container) {
        return rows.values().stream().filter(i -> i.isRunningOn(container));
    }

    private void conclude(Predicate<Input> which, Outcome outcome, String reason, byte[] content) {
        var ended = rows.values().stream()
                .filter(i -> i.isOpen() && which.test(i))
                .sorted(Comparator.comparingInt(i -> i.idx))
                .toList();
        for (var input : ended) {
            keep(input, outcome, reason, content);
        }
    }

    private void keep(Input input, Outcome outcome, String reason, byte[] content) {
        input.finishedAt = clock.instant();
        input.state = switch (outcome) {
            case SUCCESS -> "SUCCEEDED";
            case TERMINATED -> "CANCELLED";
            case FAILURE, TIMEOUT, INTERNAL_FAILURE -> "FAILED";
        };
        var kept = outputs.computeIfAbsent(input.callId, call -> new ArrayList<>());
        if (kept.stream().anyMatch(o -> o.inputId().equals(input.id))) {
            throw new IllegalStateException("output_input_unique: " + input);
        }
        kept.add(new Output(kept.size() + 1, input.id, input.idx, outcome, content, reason));
        signals.afterCommit(Topic.call(input.callId));
    }

    private void idleWithout(String container, String input) {
        boolean works = rows.values().stream()
                .anyMatch(i -> container.equals(i.containerId)
                        && !i.id.equals(input)
                        && (i.state.equals("RUNNING") || i.cancelling));
        if (!works) {
            containers.idle(container, clock.instant());
        }
    }

    private final class ModelCalls extends Calls {
        @Override
        public Started start(Target target, NewCall call, List<NewInput> given) {
            return steps.of(() -> {
                var id = "fc-" + ++made;
                return new Started(id, insert(target, id, given));
            });
        }

        @Override
        public boolean startOne(
                Target target, NewCall call, NewInput input, Started as, Optional<Replays.Answer> answer) {
            return steps.of(() -> {
                if (answer.isPresent() && replays.containsKey(answer.get().key().value())) {
                    throw Replays.repeated();
                }
                answer.ifPresent(a -> replays.put(a.key().value(), as));
                insert(target, as.callId(), as.inputIds().getFirst(), input);
                signals.afterCommit(Topic.work(target.poolId()), 1);
                return true; // a model's targets stay what they are
            });
        }

        @Override
        public List<Output> outputsAfter(String callId, int ordinal, int limit) {
            return steps.of(() -> outputsOf(callId).stream()
                    .filter(o -> o.ordinal() > ordinal)
                    .limit(limit)
                    .toList());
        }

        private List<String> insert(Target target, String call, List<NewInput> given) {
            var ids = new ArrayList<String>();
            for (var input : given) {
                ids.add("in-" + ++made);
                insert(target, call, ids.getLast(), input);
            }
            if (!ids.isEmpty()) {
                signals.afterCommit(Topic.work(target.poolId()), ids.size());
            }
            return ids;
        }

        private void insert(Target target, String call, String id, NewInput given) {
            rows.put(id, new Input(id, call, target.poolId(), given, clock.instant()));
        }
    }

    /** @return what the request with that key has made; empty if it was never committed */
    public Optional<Calls.Started> answered(String key) {
        return Optional.ofNullable(replays.get(key));
    }

    private final class ModelInputs extends Inputs {
        @Override
        public Look look(PoolId pool, String containerId, int limit, String key) {
            return steps.of(() -> {
                var state = containers.state(containerId);
                var next = state.filter(s -> s == Container.State.ACTIVE).isEmpty()
                        ? List.<Input>of()
                        : rows.values().stream()
                                .filter(i -> i.state.equals("PENDING")
                                        && i.poolId.equals(pool.value())
                                        && !i.availableAt.isAfter(clock.instant()))
                                .limit(limit)
                                .toList();
                for (var input : next) {
                    input.state = "RUNNING";
                    input.attempt++;
                    input.containerId = containerId;
                    input.claimKey = key;
                    input.claimedAt = clock.instant();
                    input.finishedAt = null;
                    claimed.accept(input);
                }
                if (!next.isEmpty()) {
                    containers.idle(containerId, null);
                }
                boolean mayAskAgain = state.filter(s -> s == Container.State.STARTING || s == Container.State.ACTIVE)
                        .isPresent();
                return new Look(next.stream().map(ModelInputs::claimed).toList(), next.isEmpty() && !mayAskAgain);
            });
        }

        private static Claimed claimed(Input input) {
            return new Claimed(input.id, input.callId, 1, input.attempt, "", input.payload);
        }

        @Override
        public List<Claimed> claimedBefore(String containerId, String key) {
            return steps.of(() -> held(containerId)
                    .filter(i -> key.equals(i.claimKey))
                    .map(ModelInputs::claimed)
                    .toList());
        }

        @Override
        public void accept(String containerId, RetryPolicy policy, List<Result> results) {
            steps.run(() -> results.forEach(result -> {
                if (!retry(containerId, policy, result)) {
                    acceptFinal(containerId, result, (call, output) -> {});
                }
            }));
        }

        @Override
        public void acceptFinal(String containerId, Result result, BiConsumer<String, Output> kept) {
            steps.run(() -> {
                var input = rows.get(result.inputId());
                if (input != null && input.isOf(containerId, result)) {
                    keep(input, result.outcome(), "", result.content());
                    idleWithout(containerId, input.id);
                } else if (input != null
                        && input.cancelling
                        && containerId.equals(input.containerId)
                        && input.attempt == result.attempt()) {
                    input.cancelling = false;
                    idleWithout(containerId, input.id);
                }
            });
        }

        private boolean retry(String containerId, RetryPolicy policy, Result result) {
            var input = rows.get(result.inputId());
            if (!result.outcome().mayBeRetried()
                    || input == null
                    || !input.isOf(containerId, result)
                    || !policy.allowsAnotherAfter(input.retries)) {
                return false;
            }
            input.state = "PENDING";
            input.containerId = null;
            input.availableAt = clock.instant().plus(policy.delayAfter(input.retries));
            input.retries++;
            idleWithout(containerId, input.id);
            signals.afterCommit(Topic.work(input.poolId), 1);
            return true;
        }

        @Override
        public int release(String containerId, int maxLosses, String reason) {
            return steps.of(() -> {
                held(containerId).forEach(input -> input.losses++);
                conclude(
                        i -> i.isRunningOn(containerId) && i.losses >= maxLosses,
                        Outcome.INTERNAL_FAILURE,
                        "the container was lost %d times, at last: %s".formatted(maxLosses, reason),
                        null);
                var again = held(containerId).toList();
                for (var input : again) {
                    input.state = "PENDING";
                    input.containerId = null;
                    signals.afterCommit(Topic.work(input.poolId), 1);
                }
                return again.size();
            });
        }

        @Override
        public List<String> holdersThatEnded() {
            return steps.of(() -> rows.values().stream()
                    .filter(i -> i.state.equals("RUNNING")
                            && containers.state(i.containerId).orElseThrow() == Container.State.ENDED)
                    .map(i -> i.containerId)
                    .distinct()
                    .toList());
        }

        /** Each result is one step here. */
        @Override
        public int noteIdle() {
            return 0;
        }

        @Override
        public void failPending(PoolId pool, byte[] content, String reason) {
            steps.run(() -> conclude(waitsFor(pool), Outcome.FAILURE, reason, content));
        }

        @Override
        public void terminatePending(PoolId pool, String reason) {
            steps.run(() -> conclude(waitsFor(pool), Outcome.TERMINATED, reason, null));
        }

        private static Predicate<Input> waitsFor(PoolId pool) {
            return i -> i.state.equals("PENDING") && i.poolId.equals(pool.value());
        }

        @Override
        public int cancel(String callId, String reason) {
            return steps.of(() -> {
                var open = rows.values().stream()
                        .filter(i -> i.callId.equals(callId) && i.isOpen())
                        .toList();
                for (var input : open) {
                    if (input.state.equals("RUNNING")) {
                        input.cancelling = true;
                        input.cancelledAt = clock.instant();
                        signals.afterCommit(Topic.container(input.containerId));
                    }
                }
                conclude(i -> i.callId.equals(callId), Outcome.TERMINATED, reason, null);
                return open.size();
            });
        }

        @Override
        public List<String> cancelled(String containerId) {
            return steps.of(() -> rows.values().stream()
                    .filter(i -> i.cancelling && containerId.equals(i.containerId))
                    .map(i -> i.id)
                    .toList());
        }

        @Override
        public List<String> deafToCancellation(Duration grace) {
            return steps.of(() -> rows.values().stream()
                    .filter(i -> i.cancelling
                            && containers.state(i.containerId).orElseThrow() != Container.State.ENDED
                            && i.cancelledAt.plus(grace).isBefore(clock.instant()))
                    .map(i -> i.containerId)
                    .distinct()
                    .toList());
        }

        @Override
        public boolean timeOut(Attempt overdue, RetryPolicy policy, Duration limit) {
            return steps.of(() -> {
                var input = rows.get(overdue.inputId());
                var result = new Result(overdue.inputId(), overdue.attempt(), Outcome.TIMEOUT, null);
                boolean wasRunning = input.state.equals("RUNNING") && input.attempt == overdue.attempt();
                if (wasRunning) {
                    timedOut.accept(input);
                }
                if (retry(overdue.containerId(), policy, result)) {
                    return true;
                }
                conclude(
                        i -> i == input && wasRunning,
                        Outcome.TIMEOUT,
                        "Task's current input %s hit its timeout of %ds".formatted(input.id, limit.toSeconds()),
                        null);
                if (wasRunning) {
                    idleWithout(overdue.containerId(), input.id);
                }
                return wasRunning;
            });
        }

        @Override
        public Load load(PoolId pool, int most) {
            return steps.of(() -> {
                int pending = 0;
                int running = 0;
                for (var input : rows.values()) {
                    if (input.poolId.equals(pool.value())) {
                        pending += input.state.equals("PENDING") ? 1 : 0;
                        running += input.state.equals("RUNNING") ? 1 : 0;
                    }
                }
                return new Load(Math.min(pending, most), running);
            });
        }

        @Override
        public Optional<Duration> lately(PoolId pool) {
            return steps.of(() -> {
                var millis = rows.values().stream()
                        .filter(i -> i.poolId.equals(pool.value()) && i.finishedAt != null && i.claimedAt != null)
                        .sorted(Comparator.comparing((Input i) -> i.claimedAt).reversed())
                        .limit(20)
                        .mapToLong(
                                i -> Duration.between(i.claimedAt, i.finishedAt).toMillis())
                        .average();
                return millis.isEmpty()
                        ? Optional.empty()
                        : Optional.of(Duration.ofMillis(Math.max(0, (long) millis.getAsDouble())));
            });
        }

        @Override
        public List<Attempt> running() {
            return steps.of(() -> rows.values().stream()
                    .filter(i -> i.state.equals("RUNNING"))
                    .map(i -> new Attempt(
                            i.id,
                            i.attempt,
                            i.containerId,
                            definition.id(),
                            Duration.between(i.claimedAt, clock.instant()),
                            definition.duties().timeout()))
                    .toList());
        }

        @Override
        public void clockWasSetBack() {
            steps.run(() -> {
                var now = clock.instant();
                var longest =
                        now.plus(definition.duties().retryPolicy().maxDelay()).plusSeconds(1);
                for (var input : rows.values()) {
                    if (input.state.equals("PENDING") && input.availableAt.isAfter(longest)) {
                        input.availableAt = now;
                    }
                }
                for (var container : containers.rows()) {
                    if (container.state() != Container.State.ENDED
                            && container.idleSince() != null
                            && container.idleSince().isAfter(now.plusSeconds(1))) {
                        containers.idle(container.id(), now);
                    }
                }
            });
        }

        @Override
        public Instant databaseTime() {
            return steps.of(clock::instant);
        }
    }
}
