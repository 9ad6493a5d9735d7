// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.call.Chunks.Chunk;
import serai.call.Chunks.Direction;
import serai.database.TestDatabase;
import serai.function.RetryPolicy;
import serai.pool.PoolId;
import serai.signal.Signals;

class WebCallsTest {
    private static final RetryPolicy OFTEN = new RetryPolicy(5, Duration.ZERO, Duration.ZERO, 1.0);

    private final Jdbi jdbi = TestDatabase.jdbi();
    private final Signals signals = new Signals();
    private final Inputs inputs = new Inputs(jdbi, signals);
    private final Calls calls = new Calls(jdbi, signals);
    private final Chunks chunks = new Chunks(jdbi, signals);
    private final WebCalls webCalls = new WebCalls(jdbi, signals);
    private final Fixture fixture = new Fixture(jdbi);

    private PoolId pool;
    private String container;
    private String call;

    @BeforeEach
    void aRequest() {
        pool = fixture.pool();
        container = fixture.container(pool, 0);
        var ids = Calls.Started.one();
        var target = calls.target(fixture.tenant(), fixture.function(pool));
        webCalls.start(target, 4, new NewInput(0, "", "scope".getBytes(UTF_8)), bytes("first"), ids);
        call = ids.callId();
    }

    @Test
    void givenARequest_whenItsContainerReads_thenTheFirstPieceIsThere() {
        assertThat(webCalls.waiting(pool.value())).isEqualTo(1);
        var claimed = inputs.claim(pool, container, 1, "k").getFirst();

        assertThat(claimed.callId()).isEqualTo(call);
        assertThat(webCalls.waiting(pool.value())).isZero();
        assertThat(texts(Direction.IN, 0)).containsExactly("first");
        assertThat(webCalls.queued(call)).isPresent();
    }

    @Test
    void givenPiecesBothWays_whenTaken_thenTheyAreGoneAndTheRestStays() {
        webCalls.feed(call, 2, bytes("second"));
        webCalls.feed(call, 2, bytes("again"));
        webCalls.answer(call, List.of(new Chunk(1, bytes("head")), new Chunk(2, bytes("body"))));
        assertThat(webCalls.backlog(call, Direction.IN)).isEqualTo("firstsecond".length());

        webCalls.taken(call, Direction.IN, 1);
        webCalls.taken(call, Direction.OUT, 1);

        assertThat(texts(Direction.IN, 1)).containsExactly("second");
        assertThat(texts(Direction.OUT, 0)).containsExactly("body");
        assertThat(webCalls.backlog(call, Direction.IN)).isEqualTo("second".length());
    }

    @Test
    void givenARequestInTheHandsOfAContainer_whenThatIsLost_thenItFailsAndIsNotTriedAgain() {
        inputs.claim(pool, container, 1, "k");

        assertThat(inputs.release(container, 8, "it crashed")).isZero();

        assertThat(webCalls.output(call).orElseThrow().outcome()).isEqualTo(Outcome.INTERNAL_FAILURE);
        assertThat(webCalls.output(call).orElseThrow().reason()).contains("it crashed");
    }

    @Test
    void givenAFunctionWithRetries_whenARequestFails_thenItIsNotTriedAgain() {
        var claimed = inputs.claim(pool, container, 1, "k").getFirst();

        inputs.accept(container, OFTEN, List.of(new Result(claimed.inputId(), 1, Outcome.FAILURE, bytes("no"))));

        assertThat(webCalls.output(call).orElseThrow().outcome()).isEqualTo(Outcome.FAILURE);
        assertThat(inputs.load(pool)).isEqualTo(new Inputs.Load(0, 0));
    }

    @Test
    void givenACallThatIsOver_whenItsContainerGoesOn_thenNothingIsKept() {
        var claimed = inputs.claim(pool, container, 1, "k").getFirst();
        webCalls.answer(call, List.of(new Chunk(1, bytes("head"))));
        inputs.acceptFinal(
                container, new Result(claimed.inputId(), 1, Outcome.SUCCESS, bytes("done")), (of, output) -> {});

        webCalls.answer(call, List.of(new Chunk(2, bytes("late"))));

        var seen = chunks.look(call, Direction.OUT, 0, 10);
        assertThat(seen.over()).isTrue();
        assertThat(seen.chunks()).hasSize(1);
        webCalls.finish(call);
        assertThat(chunks.look(call, Direction.OUT, 0, 10).chunks()).isEmpty();
        assertThat(calls.find(call)).isPresent();
    }

    @Test
    void givenNoSuchCall_whenLookedAt_thenItIsOver() {
        assertThat(chunks.look("fc-none", Direction.OUT, 0, 10)).isEqualTo(new Chunks.Look(List.of(), true));
    }

    @Test
    void givenAnAnswer_whenSomebodyComesForIt_thenItIsThereForItsFunctionUntilItWasFetched() {
        var function = fixture.function(pool);
        assertThat(webCalls.claim(call, "fu-other")).isEqualTo(WebCalls.Claim.UNKNOWN);
        assertThat(webCalls.claim(call, function)).isEqualTo(WebCalls.Claim.KEPT);
        webCalls.finish(call);
        assertThat(webCalls.claim(call, function)).isEqualTo(WebCalls.Claim.GONE);
    }

    @Test
    void givenAClientThatWasSentOn_whenNobodyComesInTime_thenTheCallIsAbandonedOnce() {
        webCalls.park(call, Duration.ofHours(1));
        assertThat(webCalls.isAbandoned(call)).isFalse();
        webCalls.park(call, Duration.ZERO);
        assertThat(webCalls.isAbandoned(call)).isTrue();
        assertThat(webCalls.isAbandoned(call)).isFalse();
    }

    @Test
    void givenAClientThatWasSentOn_whenItComes_thenTheCallIsNotAbandoned() {
        webCalls.park(call, Duration.ZERO);
        webCalls.claim(call, fixture.function(pool));
        assertThat(webCalls.isAbandoned(call)).isFalse();
    }

    private List<String> texts(Direction direction, long after) {
        return chunks.look(call, direction, after, 10).chunks().stream()
                .map(chunk -> new String(chunk.content(), UTF_8))
                .toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
