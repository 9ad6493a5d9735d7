// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.database.TestDatabase;
import serai.function.RetryPolicy;
import serai.id.NewId;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.replay.Replays;
import serai.signal.Signals;
import serai.workspace.Tenant;

class QueueTest {
    private static final int ASYNC = 3;
    private static final int SYNC = 4;
    private static final RetryPolicy ONCE_MORE = new RetryPolicy(1, Duration.ZERO, Duration.ZERO, 1.0);
    private static final int MAX_LOSSES = 3;

    private final Jdbi jdbi = TestDatabase.jdbi();
    private final Signals signals = new Signals();
    private final Inputs inputs = new Inputs(jdbi, signals);
    private final Calls calls = new Calls(jdbi, signals);
    private final Fixture fixture = new Fixture(jdbi);

    private PoolId pool;
    private String container;

    @BeforeEach
    void aPoolWithAContainer() {
        pool = fixture.pool();
        container = fixture.container(pool, 0);
    }

    @Test
    void givenPendingInputs_whenClaimed_thenTheOldestComeFirstAndTheContainerIsBusy() {
        var call = fixture.call(pool, "a", "b", "c");

        var claimed = inputs.claim(pool, container, 2, "k");

        assertThat(claimed).extracting(c -> text(c.payload())).containsExactly("a", "b");
        assertThat(claimed).allSatisfy(c -> assertThat(c.attempt()).isEqualTo(1));
        assertThat(claimed).allSatisfy(c -> assertThat(c.callId()).isEqualTo(call));
        assertThat(fixture.isIdle(container)).isFalse();
        assertThat(inputs.load(pool)).isEqualTo(new Inputs.Load(1, 2));
        assertThat(inputs.load(pool, 0)).isEqualTo(new Inputs.Load(0, 2));
        assertThat(inputs.load(pool, 1)).isEqualTo(new Inputs.Load(1, 2));
    }

    @Test
    void givenARunningAndAPendingInput_whenTheCallIsCancelled_thenBothAreOverAndTheContainerIsTold() {
        var call = fixture.call(pool, "a", "b");
        var running = inputs.claim(pool, container, 1, "k").getFirst();

        assertThat(inputs.cancel(call, "enough")).isEqualTo(2);

        assertThat(calls.outputsAfter(call, 0, 10))
                .extracting(Output::outcome, Output::reason)
                .containsOnly(tuple(Outcome.TERMINATED, "enough"));
        assertThat(inputs.cancelled(container)).containsExactly(running.inputId());
        assertThat(calls.progress(fixture.tenant(), call).state()).isEqualTo(CallProgress.State.CANCELLED);
        assertThat(inputs.cancel(call, "again")).isZero();
    }

    @Test
    void givenACancelledInput_whenItsContainerAnswers_thenTheContainerIsIdleAndTheResultStays() {
        var call = fixture.call(pool, "a");
        var running = inputs.claim(pool, container, 1, "k").getFirst();
        inputs.cancel(call, "enough");
        assertThat(fixture.isIdle(container)).as("it still works").isFalse();

        var late = new Result(running.inputId(), running.attempt(), Outcome.SUCCESS, new byte[0]);
        inputs.accept(container, RetryPolicy.NONE, List.of(late));

        assertThat(fixture.isIdle(container)).isTrue();
        assertThat(inputs.cancelled(container)).isEmpty();
        assertThat(calls.outputsAfter(call, 0, 10)).extracting(Output::outcome).containsExactly(Outcome.TERMINATED);
    }

    @Test
    void givenACallWithinACall_whenTheOuterOneIsCancelled_thenWhatItWaitsForIsCancelledAndWhatItOnlyBeganGoesOn() {
        var outer = fixture.call(pool, "a");
        var parent = inputs.claim(pool, container, 1, "k").getFirst().inputId();
        var awaited = within(parent, SYNC);
        var grandchild =
                within(inputs.claim(pool, container, 1, "k2").getFirst().inputId(), SYNC);
        var begun = within(parent, ASYNC);

        assertThat(inputs.cancel(outer, "enough")).isEqualTo(3);

        assertThat(state(awaited)).isEqualTo(CallProgress.State.CANCELLED);
        assertThat(state(grandchild)).isEqualTo(CallProgress.State.CANCELLED);
        assertThat(state(begun)).isEqualTo(CallProgress.State.PENDING);
    }

    @Test
    void givenACancelledInput_whenItCallsBeforeItStops_thenThatCallIsCancelledAsItStops() {
        var outer = fixture.call(pool, "a");
        var running = inputs.claim(pool, container, 1, "k").getFirst();
        inputs.cancel(outer, "enough");
        var late = within(running.inputId(), SYNC);
        var begun = within(running.inputId(), ASYNC);

        inputs.acceptFinal(
                container,
                new Result(running.inputId(), running.attempt(), Outcome.TERMINATED, new byte[0]),
                (of, output) -> {});

        assertThat(state(late)).isEqualTo(CallProgress.State.CANCELLED);
        assertThat(state(begun)).isEqualTo(CallProgress.State.PENDING);
    }

    private String within(String parent, int invocation) {
        var target = calls.target(fixture.tenant(), fixture.function(pool));
        return calls.start(
                        target, new Calls.NewCall(FunctionCall.Kind.UNARY, invocation, parent), List.of(of("", 0, "x")))
                .callId();
    }

    private CallProgress.State state(String call) {
        return calls.progress(fixture.tenant(), call).state();
    }

    @Test
    void givenACancelledInput_whenItsGraceIsOver_thenItsContainerIsFound() {
        var call = fixture.call(pool, "a");
        var running = inputs.claim(pool, container, 1, "k").getFirst();
        assertThat(inputs.workingOnCancelled(call)).isEmpty();
        inputs.cancel(call, "enough");

        assertThat(inputs.deafToCancellation(Duration.ofSeconds(30))).doesNotContain(container);
        assertThat(inputs.deafToCancellation(Duration.ZERO)).contains(container);
        assertThat(inputs.workingOnCancelled(call)).containsExactly(container);
        fixture.claimedAgo(running.inputId(), Duration.ofSeconds(301));
        assertThat(inputs.running()).extracting(Inputs.Attempt::inputId).doesNotContain(running.inputId());
    }

    @Test
    void givenAClockThatWasSetBack_whenAnInputIsDueInTheFuture_thenItIsDueNow() {
        fixture.call(pool, "a");
        fixture.clockWasSetBack(Duration.ofHours(1));
        assertThat(inputs.claim(pool, container, 1, "k")).isEmpty();

        inputs.clockWasSetBack();

        assertThat(inputs.claim(pool, container, 1, "k2")).hasSize(1);
    }

    @Test
    void givenInputsOfTwoMethods_whenABatchIsClaimed_thenAllOfItAreForTheOldestsMethod() {
        start(null, of("one", 0, "1"), of("two", 1, "2"), of("one", 2, "3"));

        var first = inputs.look(pool, container, Inputs.Wish.batch(2), "k").claimed();
        assertThat(first).extracting(c -> text(c.payload())).containsExactly("1", "3");
        var more = Inputs.Wish.batch(5).more(3, "one");
        assertThat(inputs.look(pool, container, more, "k").claimed()).isEmpty();
        assertThat(inputs.look(pool, container, Inputs.Wish.batch(5), "k").claimed())
                .extracting(Claimed::method)
                .containsExactly("two");
    }

    @Test
    void givenAContainerOfSingleUse_whenItHasClaimed_thenItGetsNoMore() {
        fixture.call(pool, "a", "b");

        assertThat(inputs.look(pool, container, Inputs.Wish.only(), "k").claimed())
                .hasSize(1);
        var next = inputs.look(pool, container, Inputs.Wish.only(), "k");
        assertThat(next.claimed()).isEmpty();
        assertThat(next.stop()).isTrue();
    }

    @Test
    void givenCallsInsideOfCalls_whenTheGraphIsAskedFor_thenItIsTheSameFromEachOfThem() {
        var root = fixture.call(pool, "root");
        var input = inputs.claim(pool, container, 1, "k").getFirst();
        var child = start(input.inputId(), of("", 0, "1"), of("", 1, "2"));
        fixture.call(pool, "another");

        var graph = calls.graph(fixture.tenant(), child, 10);

        assertThat(graph.calls()).extracting(CallGraph.Call::id).containsExactly(root, child);
        assertThat(graph.inputs()).hasSize(3);
        assertThat(graph.truncated()).isFalse();
        assertThat(calls.graph(fixture.tenant(), root, 10)).isEqualTo(graph);
        assertThat(calls.graph(fixture.tenant(), root, 2).truncated()).isTrue();
    }

    @Test
    void givenAFullQueue_whenMoreIsToCome_thenTheCallerIsToldToComeBack() {
        fixture.call(pool, "a", "b");
        var target = calls.target(fixture.tenant(), fixture.function(pool));

        assertThatThrownBy(() -> new Backlogs(jdbi, 2).mustHaveRoom(target))
                .isInstanceOf(ProblemException.class)
                .hasMessageStartingWith("2 inputs of function");
        new Backlogs(jdbi, 3).mustHaveRoom(target);
    }

    private static NewInput of(String method, int idx, String payload) {
        return new NewInput(idx, method, payload.getBytes(StandardCharsets.UTF_8));
    }

    private String start(String parent, NewInput... given) {
        var target = calls.target(fixture.tenant(), fixture.function(pool));
        return calls.start(target, new Calls.NewCall(FunctionCall.Kind.MAP, 4, parent), List.of(given))
                .callId();
    }

    @Test
    void givenCalls_whenListed_thenAPageBeginsWhereTheOneBeforeEnded() {
        var made = List.of(fixture.call(pool, "a"), fixture.call(pool, "b"), fixture.call(pool, "c"));
        var all = new Calls.Filter("", "", Optional.empty());

        var first = calls.list(fixture.tenant(), all, Optional.empty(), 2);
        var last = first.getLast().call();
        var rest = calls.list(fixture.tenant(), all, Optional.of(new Calls.Position(last.createdAt(), last.id())), 2);

        assertThat(Stream.concat(first.stream(), rest.stream())
                        .map(p -> p.call().id()))
                .containsExactlyElementsOf(made.reversed());
        var cancelled = new Calls.Filter("", "", Optional.of(CallProgress.State.CANCELLED));
        assertThat(calls.list(fixture.tenant(), cancelled, Optional.empty(), 2)).isEmpty();
    }

    @Test
    void givenADrainingContainer_whenItClaims_thenItGetsNothing() {
        fixture.call(pool, "a");
        fixture.drain(container);

        assertThat(inputs.claim(pool, container, 1, "k")).isEmpty();
    }

    @Test
    void givenNothingToDo_whenAContainerLooks_thenNothingIsWrittenAndItMayAskAgain() {
        var before = fixture.version(container);

        var seen = inputs.look(pool, container, 1, "k");

        assertThat(seen).isEqualTo(new Inputs.Look(List.of(), false));
        assertThat(fixture.version(container)).isEqualTo(before);
    }

    @Test
    void givenADrainingContainer_whenItLooks_thenItShallStopAndTheInputStays() {
        fixture.call(pool, "a");
        fixture.drain(container);

        assertThat(inputs.look(pool, container, 1, "k")).isEqualTo(new Inputs.Look(List.of(), true));
        assertThat(inputs.look(pool, NewId.of("ta"), 1, "k").stop()).isTrue();
        assertThat(inputs.load(pool)).isEqualTo(new Inputs.Load(1, 0));
    }

    @Test
    void givenARequestThatWasAnswered_whenItStartsItsCallAgain_thenItIsRefusedAndNothingIsDone() {
        var target = calls.target(fixture.tenant(), fixture.function(pool));
        var call = new Calls.NewCall(FunctionCall.Kind.UNARY, 1, null);
        var input = new NewInput(0, "", bytes("a"));
        var answer = Optional.of(new Replays.Answer(
                new Replays.Key(fixture.tenant().workspaceId(), "FunctionMap", NewId.of("key")), bytes("answer")));
        var first = Calls.Started.one();
        var second = Calls.Started.one();
        calls.startOne(target, call, input, first, answer);

        var refused =
                catchThrowableOfType(ProblemException.class, () -> calls.startOne(target, call, input, second, answer));

        assertThat(refused.problem()).isEqualTo(Problem.REQUEST_REPEATED);
        assertThat(calls.find(second.callId())).isEmpty();
        assertThat(calls.find(first.callId()).orElseThrow().inputs()).isEqualTo(1);
        assertThat(inputs.claim(pool, container, 2, "k"))
                .extracting(Claimed::inputId)
                .containsExactlyElementsOf(first.inputIds());
    }

    @Test
    void givenARequestWithoutAKey_whenItStartsACall_thenItsInputWaits() {
        var target = calls.target(fixture.tenant(), fixture.function(pool));
        var ids = Calls.Started.one();

        calls.startOne(
                target,
                new Calls.NewCall(FunctionCall.Kind.UNARY, 1, "in-parent"),
                new NewInput(0, "m", bytes("a")),
                ids,
                Optional.empty());

        assertThat(text(inputs.claim(pool, container, 1, "k").getFirst().payload()))
                .isEqualTo("a");
        assertThat(calls.find(ids.callId()).orElseThrow().kind()).isEqualTo(FunctionCall.Kind.UNARY);
    }

    @Test
    void givenATargetThatIsNoMoreWhatItWas_whenACallStarts_thenNothingIsDoneAndTheCallerIsTold() {
        var target = calls.target(fixture.tenant(), fixture.function(pool));
        var call = new Calls.NewCall(FunctionCall.Kind.UNARY, 1, null);
        var key = new Replays.Key(fixture.tenant().workspaceId(), "FunctionMap", NewId.of("key"));
        var answer = Optional.of(new Replays.Answer(key, bytes("answer")));
        var ids = Calls.Started.one();
        jdbi.useHandle(h -> h.execute("update pool set state = 'DRAINING' where id = ?", pool.value()));

        assertThat(calls.startOne(target, call, new NewInput(0, "", bytes("a")), ids, answer))
                .isFalse();

        assertThat(calls.find(ids.callId())).isEmpty();
        jdbi.useHandle(h -> h.execute("update pool set state = 'ACTIVE' where id = ?", pool.value()));
        assertThat(calls.startOne(target, call, new NewInput(0, "", bytes("a")), ids, answer))
                .isTrue();
    }

    @Test
    void givenAFinalResult_whenItIsAccepted_thenItIsTheOutputOnceAndTheContainerIsIdle() {
        var call = fixture.call(pool, "a");
        var claimed = inputs.claim(pool, container, 1, "k").getFirst();
        var result = new Result(claimed.inputId(), 1, Outcome.SUCCESS, bytes("done"));

        var told = new ArrayList<Output>();
        inputs.acceptFinal(container, result, (of, output) -> told.add(output));
        inputs.acceptFinal(container, result, (of, output) -> told.add(output));

        assertThat(told).hasSize(1);
        assertThat(told.getFirst())
                .usingRecursiveComparison()
                .isEqualTo(calls.outputsAfter(call, 0, 10).getFirst());
        assertThat(calls.outputsAfter(call, 0, 10))
                .extracting(o -> text(o.content()))
                .containsExactly("done");
        assertThat(fixture.isIdle(container)).isTrue();
    }

    @Test
    void givenResults_whenOneIsAloneAndNotRetried_thenItIsFinal() {
        var success = new Result("in-1", 1, Outcome.SUCCESS, bytes(""));
        var failure = new Result("in-2", 1, Outcome.FAILURE, bytes(""));

        assertThat(Inputs.areFinal(ONCE_MORE, List.of(success))).isTrue();
        assertThat(Inputs.areFinal(RetryPolicy.NONE, List.of(failure))).isTrue();
        assertThat(Inputs.areFinal(ONCE_MORE, List.of(failure))).isFalse();
        assertThat(Inputs.areFinal(RetryPolicy.NONE, List.of(success, failure))).isFalse();
    }

    @Test
    void givenALostAnswer_whenAskedAgainWithTheSameKey_thenTheSameInputsAreFound() {
        fixture.call(pool, "a");
        var claimed = inputs.claim(pool, container, 1, "key-1");

        assertThat(inputs.claimedBefore(container, "key-1"))
                .extracting(Claimed::inputId)
                .containsExactly(claimed.getFirst().inputId());
        assertThat(inputs.claimedBefore(container, "key-2")).isEmpty();
    }

    @Test
    void givenAResult_whenAccepted_thenTheCallHasItOnceAndTheContainerIsIdle() {
        var call = fixture.call(pool, "a");
        var claimed = inputs.claim(pool, container, 1, "k").getFirst();
        var result = new Result(claimed.inputId(), 1, Outcome.SUCCESS, bytes("done"));

        inputs.accept(container, RetryPolicy.NONE, List.of(result));
        inputs.accept(container, RetryPolicy.NONE, List.of(result));

        assertThat(calls.outputsAfter(call, 0, 10)).singleElement().satisfies(o -> {
            assertThat(text(o.content())).isEqualTo("done");
            assertThat(o.ordinal()).isEqualTo(1);
        });
        assertThat(calls.find(call).orElseThrow().isComplete()).isTrue();
        assertThat(fixture.isIdle(container)).isTrue();
    }

    @Test
    void givenALostContainer_whenItsResultArrivesLate_thenItIsRefusedAndTheNewAttemptCounts() {
        var call = fixture.call(pool, "a");
        var first = inputs.claim(pool, container, 1, "k").getFirst();
        assertThat(inputs.release(container, MAX_LOSSES, "gone")).isEqualTo(1);
        var other = fixture.container(pool, 1);
        var second = inputs.claim(pool, other, 1, "k").getFirst();

        inputs.accept(
                container, RetryPolicy.NONE, List.of(new Result(first.inputId(), 1, Outcome.SUCCESS, bytes("old"))));
        inputs.accept(other, RetryPolicy.NONE, List.of(new Result(second.inputId(), 2, Outcome.SUCCESS, bytes("new"))));

        assertThat(second.attempt()).isEqualTo(2);
        assertThat(calls.outputsAfter(call, 0, 10))
                .extracting(o -> text(o.content()))
                .containsExactly("new");
    }

    @Test
    void givenPoison_whenItsContainersAreLostAgainAndAgain_thenItFailsWithTheReason() {
        var call = fixture.call(pool, "a");
        for (int loss = 0; loss < MAX_LOSSES; loss++) {
            assertThat(inputs.claim(pool, container, 1, "k" + loss)).hasSize(1);
            inputs.release(container, MAX_LOSSES, "out of memory");
        }

        assertThat(inputs.claim(pool, container, 1, "k")).isEmpty();
        assertThat(calls.outputsAfter(call, 0, 10)).singleElement().satisfies(o -> {
            assertThat(o.outcome()).isEqualTo(Outcome.INTERNAL_FAILURE);
            assertThat(o.reason()).contains("3 times").contains("out of memory");
        });
        assertThat(calls.input(call, 0).orElseThrow().losses()).isEqualTo(3);
    }

    @Test
    void givenARetryPolicy_whenAnAttemptFails_thenItRunsAgainAndOnlyTheLastResultShows() {
        var call = fixture.call(pool, "a");
        var first = inputs.claim(pool, container, 1, "k").getFirst();
        inputs.accept(container, ONCE_MORE, List.of(new Result(first.inputId(), 1, Outcome.FAILURE, bytes("1"))));
        assertThat(calls.outputsAfter(call, 0, 10)).isEmpty();
        assertThat(fixture.isIdle(container)).isTrue();

        var second = inputs.claim(pool, container, 1, "k").getFirst();
        inputs.accept(container, ONCE_MORE, List.of(new Result(second.inputId(), 2, Outcome.FAILURE, bytes("2"))));

        assertThat(calls.outputsAfter(call, 0, 10))
                .extracting(o -> text(o.content()))
                .containsExactly("2");
    }

    @Test
    void givenWaitingInputs_whenThePoolCannotWork_thenEachFailsInOrderAndRunningOnesGoOn() {
        var call = fixture.call(pool, "a", "b", "c");
        inputs.claim(pool, container, 1, "k");

        inputs.failPending(pool, null, "import failed");

        assertThat(calls.outputsAfter(call, 0, 10)).extracting(Output::ordinal).containsExactly(1, 2);
        assertThat(calls.outputsAfter(call, 0, 10)).extracting(Output::idx).containsExactly(1, 2);
        assertThat(calls.outputsBetween(call, 2, 2, 10)).hasSize(1);
        assertThat(calls.find(call).orElseThrow().outputs()).isEqualTo(2);
        assertThat(inputs.load(pool)).isEqualTo(new Inputs.Load(0, 1));
    }

    @Test
    void givenAnOverdueInput_whenItTimesOut_thenItsCallHasTheTimeout() {
        var call = fixture.call(pool, "a");
        var claimed = inputs.claim(pool, container, 1, "k").getFirst();
        fixture.claimedAgo(claimed.inputId(), Duration.ofHours(1));

        var overdue = inputs.running().stream()
                .filter(o -> o.inputId().equals(claimed.inputId()))
                .findFirst()
                .orElseThrow();
        assertThat(inputs.timeOut(overdue, RetryPolicy.NONE, Duration.ofSeconds(300)))
                .isTrue();
        assertThat(inputs.timeOut(overdue, RetryPolicy.NONE, Duration.ofSeconds(300)))
                .isFalse();

        assertThat(calls.outputsAfter(call, 0, 10)).extracting(Output::outcome).containsExactly(Outcome.TIMEOUT);
    }

    @Test
    void givenAnOverdueInput_whenItRunsElsewhereMeanwhile_thenTheNewAttemptHasItsOwnTime() {
        var call = fixture.call(pool, "a");
        var claimed = inputs.claim(pool, container, 1, "k").getFirst();
        var seen = new Inputs.Attempt(
                claimed.inputId(), 1, container, "de", Duration.ofSeconds(301), Duration.ofSeconds(300));
        inputs.release(container, 8, "lost");
        inputs.claim(pool, container, 1, "k2");

        assertThat(inputs.timeOut(seen, RetryPolicy.NONE, Duration.ofSeconds(300)))
                .isFalse();

        assertThat(calls.outputsAfter(call, 0, 10)).isEmpty();
    }

    @Test
    void givenADelayedRetry_whenClaimedTooEarly_thenItIsNotThereYet() {
        fixture.call(pool, "a");
        var later = new RetryPolicy(1, Duration.ofHours(1), Duration.ofHours(1), 1.0);
        var first = inputs.claim(pool, container, 1, "k").getFirst();
        inputs.accept(container, later, List.of(new Result(first.inputId(), 1, Outcome.FAILURE, bytes("1"))));

        assertThat(inputs.claim(pool, container, 1, "k")).isEmpty();
    }

    @Test
    void givenManyContainers_whenTheyClaimAtOnce_thenEachInputGoesToOneAndEachOutputHasItsOrdinal() throws Exception {
        int n = 200;
        var call = fixture.call(
                pool, IntStream.range(0, n).mapToObj(Integer::toString).toArray(String[]::new));
        var workers = new ArrayList<Callable<Integer>>();
        for (int c = 0; c < 8; c++) {
            var me = fixture.container(pool, c + 1);
            workers.add(() -> {
                int done = 0;
                for (var claimed = inputs.claim(pool, me, 3, "k"); !claimed.isEmpty(); ) {
                    inputs.accept(
                            me,
                            RetryPolicy.NONE,
                            claimed.stream()
                                    .map(i -> new Result(i.inputId(), i.attempt(), Outcome.SUCCESS, i.payload()))
                                    .toList());
                    done += claimed.size();
                    claimed = inputs.claim(pool, me, 3, "k");
                }
                return done;
            });
        }
        int total = 0;
        try (var threads = Executors.newFixedThreadPool(workers.size())) {
            for (var done : threads.invokeAll(workers)) {
                total += done.get();
            }
        }

        assertThat(total).isEqualTo(n);
        assertThat(calls.outputsAfter(call, 0, n + 1))
                .extracting(Output::ordinal)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, n).boxed().toList());
    }

    @Test
    void givenAnotherWorkspace_whenItAsksForTheCall_thenThereIsNone() {
        var call = fixture.call(pool, "a");

        assertThat(calls.get(fixture.tenant(), call).id()).isEqualTo(call);
        assertThat(org.assertj.core.api.Assertions.catchThrowable(
                        () -> calls.get(new Tenant(NewId.of("ws"), "other"), call)))
                .hasMessageContaining("not found");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
