// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import serai.app.App;
import serai.app.ModelApps;
import serai.call.Calls;
import serai.call.Claimed;
import serai.call.FunctionCall;
import serai.call.Inputs;
import serai.call.ModelQueue;
import serai.call.NewInput;
import serai.call.Outcome;
import serai.call.Output;
import serai.call.Result;
import serai.call.Target;
import serai.container.Container;
import serai.container.ModelContainers;
import serai.function.ModelFunctions;
import serai.function.RetryPolicy;
import serai.pool.ModelPools;
import serai.pool.Pool;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.replay.Replays;
import serai.server.TestServer;
import serai.signal.Signals;

/**
 * The model does what the statements do: the same random requests to both, on a real PostgreSQL, leave the same rows and get
 * the same answers. {@code -Dserai.model.runs=N} for more.
 */
class ModelTest {
    private static final int RUNS = Integer.getInteger("serai.model.runs", 12);
    private static final int REQUESTS = 80;

    @Test
    void givenTheSameRequests_whenTheModelAndTheStatementsAnswer_thenTheyDoNotDiffer() {
        LongStream.rangeClosed(1, RUNS).forEach(seed -> {
            var both = new Both(seed);
            try {
                for (int i = 0; i < REQUESTS; i++) {
                    both.request();
                }
                both.end();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "seed %d: they differ after%n%s".formatted(seed, String.join("\n", both.said)), e);
            }
        });
    }

    /** The same thing twice: under the id that the database knows, and under the model's. */
    private record Pair(String real, String model) {}

    /** What a container holds, as it got it from each. */
    private record Held(Pair container, Claimed real, Claimed model) {}

    private static final class Both {
        private static final Duration LEASE = Duration.ofSeconds(60);
        private static final RetryPolicy RETRIES =
                new RetryPolicy(2, Duration.ofSeconds(60), Duration.ofSeconds(60), 1);

        final Random random;
        final List<String> said = new ArrayList<>();
        final TestServer server = new TestServer();
        final Pool pool = server.pool(0, Duration.ofDays(1)); // a first look that comes late ends nobody
        final Target target = server.calls.target(server.tenant, pool.functionId());
        final Signals signals = new Signals();
        final ModelContainers containers = new ModelContainers(signals, Steps.PLAIN);
        final ModelQueue queue = new ModelQueue(containers, signals, this::modelNow, Steps.PLAIN);
        final ModelPools pools;
        final Pool modelPool;
        final Target modelTarget;
        final List<Pair> calls = new ArrayList<>();
        final List<Pair> inputs = new ArrayList<>();
        final List<Pair> runners = new ArrayList<>();
        final List<Held> held = new ArrayList<>();
        Duration ahead = Duration.ZERO;

        Both(long seed) {
            random = new Random(seed);
            server.signals.onUnheard(topic -> {}); // nobody scales while the two are compared
            var functions = new ModelFunctions();
            var app = new ModelApps(Steps.PLAIN).add("ap-1", App.State.DEPLOYED);
            var duties = server.functions.definition(pool.definitionId()).duties();
            var function = functions.add(app, "fu-1", duties);
            var definition = functions.definition(function.definitionId());
            queue.definition(definition);
            pools = new ModelPools(
                    functions,
                    queue::isAnythingPending,
                    id -> containers.rows().stream().anyMatch(c -> c.state() != Container.State.ENDED),
                    Steps.PLAIN);
            modelPool = pools.add("po-1", function, definition);
            modelTarget = new Target(
                    "fu-1",
                    "f",
                    "ws-1",
                    "en-1",
                    "ap-1",
                    App.State.DEPLOYED,
                    "de-1",
                    modelPool.id().value(),
                    0,
                    false);
            admit();
        }

        Instant modelNow() {
            return Instant.now().plus(ahead);
        }

        void request() {
            switch (random.nextInt(20)) {
                case 0, 1 -> start();
                case 2 -> startMany();
                case 3 -> admit();
                case 4, 5, 6, 7 -> claim();
                case 8, 9, 10 -> finish();
                case 11 -> lose();
                case 12 -> cancel();
                case 13 -> timeOut();
                case 14 -> drain();
                case 15 -> timePasses();
                case 16 -> beat();
                case 17 -> askAgain();
                case 18 -> giveUp();
                default -> reap();
            }
            compare();
        }

        /** The pool goes, whatever waits there; then what waits goes, too. */
        void end() {
            said.add("the pool goes");
            server.pools.gone(pool.id(), Instant.now());
            pools.gone(modelPool.id(), modelNow());
            sameAwake();
            server.inputs.terminatePending(pool.id(), "it has gone");
            queue.inputs.terminatePending(modelPool.id(), "it has gone");
            compare();
            sameAwake();
        }

        private void say(String what, Object... values) {
            said.add(what.formatted(values));
        }

        private <T> T one(List<T> of) {
            return of.get(random.nextInt(of.size()));
        }

        private void start() {
            var key = "key-" + random.nextInt(12);
            var as = Calls.Started.one();
            boolean isNew = startOne(
                    key,
                    as,
                    answer -> server.calls.startOne(target, call(), input(0), as, answer),
                    server.tenant.workspaceId());
            var model = new Calls.Started("fc-" + as.callId(), List.of("in-" + as.callId()));
            boolean isNewToo = startOne(
                    key, model, answer -> queue.calls.startOne(modelTarget, call(), input(0), model, answer), "ws-1");
            say("start one with %s: %s", key, isNew);
            assertThat(isNewToo).isEqualTo(isNew);
            if (isNew) {
                calls.add(new Pair(as.callId(), model.callId()));
                inputs.add(new Pair(as.inputIds().getFirst(), model.inputIds().getFirst()));
            }
        }

        private interface Start {
            void with(Optional<Replays.Answer> answer);
        }

        private static boolean startOne(String key, Calls.Started as, Start start, String workspace) {
            try {
                var id = new Replays.Key(workspace, "FunctionMap", key);
                start.with(Optional.of(new Replays.Answer(id, as.callId().getBytes())));
                return true;
            } catch (ProblemException e) {
                assertThat(e.problem()).isEqualTo(Problem.REQUEST_REPEATED);
                return false;
            }
        }

        private static Calls.NewCall call() {
            return new Calls.NewCall(FunctionCall.Kind.MAP, 1, null);
        }

        private static NewInput input(int idx) {
            return new NewInput(idx, "", new byte[] {(byte) idx});
        }

        private void startMany() {
            var given = List.of(input(0), input(1), input(2));
            var real = server.calls.start(target, call(), given);
            var model = queue.calls.start(modelTarget, call(), given);
            say("start three");
            calls.add(new Pair(real.callId(), model.callId()));
            for (int i = 0; i < given.size(); i++) {
                inputs.add(new Pair(real.inputIds().get(i), model.inputIds().get(i)));
            }
        }

        private void admit() {
            var allocation = "al-" + pool.id() + runners.size();
            var real = server.containers.admit(pool, allocation, runners.size(), "n", Instant.now());
            var model = containers.admit(modelPool, allocation, runners.size(), "n", modelNow());
            runners.add(new Pair(real.container().id(), model.container().id()));
            say("admit %d", runners.size() - 1);
            if (random.nextInt(4) > 0) {
                ready(runners.getLast());
            }
        }

        private void ready(Pair runner) {
            say("ready %d", runners.indexOf(runner));
            assertThat(containers.ready(runner.model, modelNow()))
                    .isEqualTo(server.containers.ready(runner.real, Instant.now()));
        }

        private void claim() {
            var runner = one(runners);
            int limit = 1 + random.nextInt(2);
            var key = "claim-" + random.nextInt(30);
            var real = server.inputs.look(pool.id(), runner.real, limit, key);
            var model = queue.inputs.look(modelPool.id(), runner.model, limit, key);
            say(
                    "%d claims %d: %d",
                    runners.indexOf(runner), limit, real.claimed().size());
            assertThat(model.stop()).isEqualTo(real.stop());
            keep(runner, real.claimed(), model.claimed());
        }

        private void keep(Pair runner, List<Claimed> real, List<Claimed> model) {
            same(real, model, c -> c.attempt() + " " + c.payload()[0]);
            for (int i = 0; i < real.size(); i++) {
                assertThat(name(real.get(i).inputId())).isEqualTo(model.get(i).inputId());
                held.add(new Held(runner, real.get(i), model.get(i)));
            }
        }

        private static <T> void same(List<T> real, List<T> model, Function<T, Object> look) {
            assertThat(model.stream().map(look))
                    .containsExactlyElementsOf(real.stream().map(look).toList());
        }

        private void askAgain() {
            var runner = one(runners);
            var key = "claim-" + random.nextInt(30);
            say("%d asks again with %s", runners.indexOf(runner), key);
            keep(runner, server.inputs.claimedBefore(runner.real, key), queue.inputs.claimedBefore(runner.model, key));
        }

        /** Also of what was finished or lost long ago, and by others. */
        private void finish() {
            if (held.isEmpty()) {
                return;
            }
            var what = random.nextInt(3) == 0 ? one(held) : held.getLast();
            var by = random.nextInt(10) == 0 ? one(runners) : what.container;
            var outcome = random.nextInt(3) == 0 ? one(Arrays.asList(Outcome.values())) : Outcome.SUCCESS;
            var words = new byte[] {(byte) random.nextInt(100)};
            say("%d finishes %s as %s", runners.indexOf(by), what.model, outcome);
            var real = new Result(what.real.inputId(), what.real.attempt(), outcome, words);
            var model = new Result(what.model.inputId(), what.model.attempt(), outcome, words);
            if (random.nextBoolean()) {
                server.inputs.acceptFinal(by.real, real, (call, output) -> {});
                queue.inputs.acceptFinal(by.model, model, (call, output) -> {});
            } else {
                server.inputs.accept(by.real, RETRIES, List.of(real));
                queue.inputs.accept(by.model, RETRIES, List.of(model));
            }
        }

        private void lose() {
            var runner = one(runners);
            say("%d ends", runners.indexOf(runner));
            assertThat(containers.end(runner.model, 1, "lost", modelNow()))
                    .isEqualTo(server.containers.end(runner.real, 1, "lost", Instant.now()));
            if (random.nextInt(4) > 0) {
                release(runner);
            }
        }

        private void release(Pair runner) {
            say("%d is released", runners.indexOf(runner));
            assertThat(queue.inputs.release(runner.model, 3, "lost"))
                    .isEqualTo(server.inputs.release(runner.real, 3, "lost"));
        }

        private void cancel() {
            if (!calls.isEmpty()) {
                var call = one(calls);
                say("cancel %s", call.model);
                assertThat(queue.inputs.cancel(call.model, "given up"))
                        .isEqualTo(server.inputs.cancel(call.real, "given up"));
            }
        }

        private void timeOut() {
            var real = server.inputs.running().stream()
                    .filter(o -> isOurs(o.inputId()))
                    .toList();
            var model = queue.inputs.running();
            assertThat(model.stream().map(Both::words))
                    .containsExactlyInAnyOrderElementsOf(real.stream()
                            .map(o -> words(new Inputs.Attempt(
                                    name(o.inputId()),
                                    o.attempt(),
                                    name(o.containerId()),
                                    o.definitionId(),
                                    o.age(),
                                    o.limit())))
                            .toList());
            var policy = random.nextBoolean() ? RETRIES : RetryPolicy.NONE;
            for (var overdue : model) {
                var same = real.stream()
                        .filter(o -> name(o.inputId()).equals(overdue.inputId()))
                        .findFirst()
                        .orElseThrow();
                if (random.nextBoolean()) {
                    lose(); // meanwhile: it may be somebody else's
                    claim();
                }
                say("time out %s", overdue);
                assertThat(queue.inputs.timeOut(overdue, policy, LEASE))
                        .isEqualTo(server.inputs.timeOut(same, policy, LEASE));
            }
        }

        /** No limit is near: both take some time of their own. */
        private static String words(Inputs.Attempt running) {
            return "%s attempt %d on %s, for %d s of %s"
                    .formatted(
                            running.inputId(),
                            running.attempt(),
                            running.containerId(),
                            (running.age().toSeconds() + 5) / 40 * 40,
                            running.limit());
        }

        private void drain() {
            var runner = one(runners);
            switch (random.nextInt(3)) {
                case 0 -> {
                    say("drain %d", runners.indexOf(runner));
                    server.containers.drain(runner.real);
                    containers.drain(runner.model);
                }
                case 1 -> {
                    var some = runners.subList(random.nextInt(runners.size()), runners.size());
                    say("drain idle %s", some);
                    assertThat(containers.drainIdle(
                                    modelPool.id(),
                                    some.stream().map(Pair::model).toList(),
                                    modelNow().minusSeconds(60)))
                            .isEqualTo(server.containers.drainIdle(
                                    pool.id(),
                                    some.stream().map(Pair::real).toList(),
                                    Instant.now().minusSeconds(60)));
                }
                default -> {
                    if (random.nextInt(5) == 0) {
                        say("drain all");
                        server.containers.drain(pool.id());
                        containers.drain(modelPool.id());
                    }
                }
            }
        }

        /** In steps that lie far from every limit: both take some time of their own. */
        private void timePasses() {
            long seconds = 40L * (1 + random.nextInt(8));
            say("%d s pass", seconds);
            ahead = ahead.plusSeconds(seconds);
            server.jdbi.useHandle(h -> {
                h.execute(
                        "update input set available_at = available_at - ? * interval '1 second',"
                                + " claimed_at = claimed_at - ? * interval '1 second' where pool_id = ?",
                        seconds,
                        seconds,
                        pool.id().value());
                h.execute(
                        "update container set heartbeat_at = heartbeat_at - ? * interval '1 second',"
                                + " idle_since = idle_since - ? * interval '1 second' where pool_id = ?",
                        seconds,
                        seconds,
                        pool.id().value());
            });
        }

        private void beat() {
            var runner = one(runners);
            say("%d beats", runners.indexOf(runner));
            server.containers.heartbeat(runner.real, Instant.now());
            containers.heartbeat(runner.model, modelNow());
        }

        private void giveUp() {
            if (random.nextInt(3) == 0) {
                say("what waits fails");
                server.inputs.failPending(pool.id(), null, "it does not start");
                queue.inputs.failPending(modelPool.id(), null, "it does not start");
            } else if (random.nextInt(3) == 0) {
                say("what waits is terminated");
                server.inputs.terminatePending(pool.id(), "it was stopped");
                queue.inputs.terminatePending(modelPool.id(), "it was stopped");
            }
        }

        private void reap() {
            say("reap");
            sameContainers(server.containers.starting(), containers.starting());
            sameContainers(server.containers.live(pool.id()), containers.live(modelPool.id()));
            var allocations = IntStream.range(0, runners.size())
                    .mapToObj(i -> "al-" + pool.id() + i)
                    .toList();
            assertThat(containers.ended(allocations))
                    .containsExactlyInAnyOrderElementsOf(server.containers.ended(allocations));
            sameNames(server.inputs.holdersThatEnded(), queue.inputs.holdersThatEnded());
            sameNames(server.inputs.deafToCancellation(Duration.ZERO), queue.inputs.deafToCancellation(Duration.ZERO));
            var one = one(runners);
            sameNames(server.inputs.cancelled(one.real), queue.inputs.cancelled(one.model));
            sameAwake();
            for (var runner : runners) {
                if (queue.inputs.holdersThatEnded().contains(runner.model)) {
                    release(runner);
                }
            }
        }

        private void sameAwake() {
            assertThat(pools.awake().contains(modelPool.id()))
                    .isEqualTo(server.pools.awake().contains(pool.id()));
        }

        private void sameContainers(List<Container> real, List<Container> model) {
            sameNames(
                    real.stream().map(Container::id).toList(),
                    model.stream().map(Container::id).toList());
        }

        /** The database is shared: what is not ours is nobody's here. */
        private void sameNames(List<String> real, List<String> model) {
            assertThat(model)
                    .containsExactlyInAnyOrderElementsOf(
                            real.stream().filter(this::isOurs).map(this::name).toList());
        }

        private boolean isOurs(String real) {
            return inputs.stream().anyMatch(p -> p.real.equals(real))
                    || runners.stream().anyMatch(p -> p.real.equals(real));
        }

        private String name(String real) {
            for (var pairs : List.of(inputs, runners, calls)) {
                for (var pair : pairs) {
                    if (pair.real.equals(real)) {
                        return pair.model;
                    }
                }
            }
            throw new IllegalArgumentException(real);
        }

        private void compare() {
            assertThat(queue.inputs.load(modelPool.id())).isEqualTo(server.inputs.load(pool.id()));
            assertThat(queue.rows().stream().map(Object::toString).toList()).isEqualTo(inputRows());
            assertThat(calls.stream()
                            .flatMap(
                                    call -> queue.outputsOf(call.model).stream().map(o -> words(call.model, o)))
                            .toList())
                    .isEqualTo(outputRows());
            assertThat(containers.rows().stream()
                            .map(c -> containerWords(c, ahead))
                            .toList())
                    .isEqualTo(containerRows());
        }

        /** @param ahead of the database; both take some time of their own, and no limit is near */
        private static String containerWords(Container row, Duration ahead) {
            return containerWords(
                    row.id(),
                    row.state().name(),
                    row.idleSince() == null ? null : row.idleSince().minus(ahead));
        }

        private static String containerWords(String id, String state, Instant idleSince) {
            return "%s %s idle for %s"
                    .formatted(
                            id,
                            state,
                            idleSince == null
                                    ? "nothing"
                                    : (Duration.between(idleSince, Instant.now())
                                                            .toSeconds()
                                                    + 5)
                                            / 40
                                            * 40);
        }

        private List<String> containerRows() {
            return server.jdbi.withHandle(h -> h.createQuery(
                            "select * from container where pool_id = :pool order by ordinal")
                    .bind("pool", pool.id().value())
                    .map((row, context) -> containerWords(
                            name(row.getString("id")),
                            row.getString("state"),
                            row.getTimestamp("idle_since") == null
                                    ? null
                                    : row.getTimestamp("idle_since").toInstant()))
                    .list());
        }

        private List<String> outputRows() {
            return server.jdbi.withHandle(h -> h.createQuery("""
                            select o.* from output o join input i on i.id = o.input_id where i.pool_id = :pool
                            order by array_position(:calls, o.call_id), o.ordinal""")
                    .bind("pool", pool.id().value())
                    .bindArray(
                            "calls",
                            String.class,
                            calls.stream().map(Pair::real).toList())
                    .map((row, context) -> words(
                            name(row.getString("call_id")),
                            new Output(
                                    row.getInt("ordinal"),
                                    name(row.getString("input_id")),
                                    row.getInt("idx"),
                                    Outcome.valueOf(row.getString("status")),
                                    row.getBytes("content"),
                                    row.getString("reason"))))
                    .list());
        }

        private List<String> inputRows() {
            return server.jdbi.withHandle(h -> h.createQuery("select * from input where pool_id = :pool order by seq")
                    .bind("pool", pool.id().value())
                    .map((row, context) -> "%s %s attempt %d, %d retries, %d losses, on %s"
                            .formatted(
                                    name(row.getString("id")),
                                    row.getString("state"),
                                    row.getInt("attempt"),
                                    row.getInt("retries"),
                                    row.getInt("losses"),
                                    row.getString("container_id") == null ? null : name(row.getString("container_id"))))
                    .list());
        }

        private static String words(String call, Output output) {
            var reason = output.reason().replaceAll("input in-\\S+", "input");
            return "%s: %d %s %d %s %s %s"
                    .formatted(
                            call,
                            output.ordinal(),
                            output.inputId(),
                            output.idx(),
                            output.outcome(),
                            Arrays.toString(output.content()),
                            reason);
        }
    }
}
