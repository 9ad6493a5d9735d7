// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.id.NewId;
import serai.pool.Pool;
import serai.server.TestContainer;
import serai.server.TestServer;

/** Two who change the queue at the same moment, each with the other one's transaction still open. */
class SimultaneousTest {
    private final TestServer server = new TestServer();
    private Pool pool;
    private TestContainer container;

    @BeforeEach
    void aPoolWithAContainer() {
        pool = server.pool(1, Duration.ofMinutes(1));
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        container = server.container(pool, 0).ready();
    }

    private List<Claimed> claim(int count) {
        return server.inputs.claim(pool.queue(), container.id(), count, NewId.of("key"));
    }

    private void finish(Claimed input) {
        var result = new Result(input.inputId(), input.attempt(), Outcome.SUCCESS, new byte[0]);
        server.inputs.acceptFinal(container.id(), result, (call, output) -> {});
    }

    @Test
    void givenTwoInputsOfOneContainer_whenBothEndAtOnce_thenItIsNotedAsIdle() {
        server.call(pool, 1);
        server.call(pool, 1);
        var claimed = claim(2);
        server.together(() -> {
            finish(claimed.getFirst());
            server.beside(() -> finish(claimed.getLast())).join();
        });
        assertThat(container.row().idleSince()).as("each saw the other one").isNull();

        server.reaper.reap();

        assertThat(container.row().idleSince()).isNotNull();
    }

    @Test
    void givenAContainerThatWasNotedAsIdleWhileItClaimed_whenIdleOnesAreToGo_thenItStays() {
        server.call(pool, 1);
        claim(1);
        server.jdbi.useHandle(handle -> handle.execute(
                "update container set idle_since = now() - interval '1 hour' where id = ?", container.id()));
        assertThat(server.containers.drainIdle(pool.id(), List.of(container.id()), server.now()))
                .isZero();
        assertThat(container.isTold()).isFalse();
    }

    @Test
    void givenAnInputThatIsClaimed_whenItsCallIsCancelledAtThatMoment_thenTheContainerIsTold() {
        var call = server.call(pool, 1);
        var claimed = new AtomicReference<Claimed>();
        var cancelled = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            claimed.set(claim(1).getFirst());
            cancelled.set(server.beside(() -> server.inputs.cancel(call, "enough")));
            server.beside(() -> server.awaitWaiting(1, "input")).join();
        });
        cancelled.get().join();
        assertThat(server.inputs.cancelled(container.id()))
                .containsExactly(claimed.get().inputId());
        finish(claimed.get());
        assertThat(container.row().idleSince()).isNotNull();
    }

    @Test
    void givenAnInputThatIsClaimed_whenItsPoolGivesUpAtThatMoment_thenItRuns() {
        assertItRuns(() -> server.inputs.failPending(pool.queue(), new byte[0], "it cannot work"));
    }

    @Test
    void givenAnInputThatIsClaimed_whenItsPoolIsRemovedAtThatMoment_thenItRuns() {
        assertItRuns(() -> server.inputs.terminatePending(pool.queue(), "it is no more"));
    }

    /** @param end of what waits */
    private void assertItRuns(Runnable end) {
        var call = server.call(pool, 1);
        var claimed = new AtomicReference<Claimed>();
        var ended = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            claimed.set(claim(1).getFirst());
            ended.set(server.beside(end));
            server.beside(() -> server.awaitWaiting(1, "input")).join();
        });
        ended.get().join();
        finish(claimed.get());
        assertThat(server.calls.outputsAfter(call, 0, 10))
                .extracting(Output::outcome)
                .containsExactly(Outcome.SUCCESS);
    }

    @Test
    void givenAResult_whenItsCallIsCancelledAtThatMoment_thenTheyWaitForEachOther() {
        var call = server.call(pool, 2);
        var claimed = claim(2);
        var both = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            server.jdbi.useHandle(
                    handle -> handle.execute("select 1 from function_call where id = ? for no key update", call));
            var cancelling = server.beside(() -> server.inputs.cancel(call, "enough"));
            server.beside(() -> server.awaitWaiting(1, "input")).join();
            var finishing = server.beside(() -> finish(claimed.getLast()));
            server.beside(() -> server.awaitWaiting(2, "input")).join();
            both.set(CompletableFuture.allOf(cancelling, finishing));
        });
        both.get().join();
        assertThat(server.calls.outputsAfter(call, 0, 10)).hasSize(2);
    }
}
