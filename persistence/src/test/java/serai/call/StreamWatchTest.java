// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;
import serai.call.Chunks.Chunk;
import serai.call.Chunks.Direction;
import serai.database.TestDatabase;
import serai.signal.Signals;
import serai.signal.Topic;

class StreamWatchTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    private final Jdbi jdbi = TestDatabase.jdbi();
    private final Signals signals = new Signals();
    private final WebCalls deaf = new WebCalls(jdbi, new Signals()); // signals that nobody hears
    private final StreamWatch watch = new StreamWatch(jdbi);
    private final Fixture fixture = new Fixture(jdbi);

    private String call() {
        var pool = fixture.pool();
        var ids = Calls.Started.one();
        var target = new Calls(jdbi, signals).target(fixture.tenant(), fixture.function(pool));
        deaf.start(target, 4, new NewInput(0, "", bytes()), bytes(), ids);
        return ids.callId();
    }

    private static byte[] bytes() {
        return "content".getBytes(UTF_8);
    }

    private CompletableFuture<Void> waiting(String call, Direction direction, long after) {
        return CompletableFuture.runAsync(
                () -> {
                    try (var waiter = signals.listen(direction == Direction.IN ? Topic.feed(call) : Topic.call(call))) {
                        watch.await(waiter, call, direction, after, LONG);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                task -> Thread.ofVirtual().start(task)); // a pool may have one thread only
    }

    @Test
    void givenManyWhoWait_whenASignalIsLost_thenTheOneItWasForIsWokenAndNoOther() throws Exception {
        var silent = call();
        var other = waiting(silent, Direction.OUT, 0);
        var spoken = call();
        var told = waiting(spoken, Direction.OUT, 0);
        deaf.answer(spoken, List.of(new Chunk(1, bytes())));

        told.get(60, TimeUnit.SECONDS);
        assertThat(other).isNotDone();
        deaf.answer(silent, List.of(new Chunk(1, bytes())));
        other.get(60, TimeUnit.SECONDS);
    }

    @Test
    void givenAPieceThatWasRead_whenTheNextOneComes_thenItIsFound() throws Exception {
        var call = call();
        var told = waiting(call, Direction.IN, 1);
        deaf.feed(call, 2, bytes());
        told.get(60, TimeUnit.SECONDS);
    }

    @Test
    void givenACallThatIsNotThere_whenWaitedFor_thenItIsOver() throws Exception {
        waiting("fc-none", Direction.OUT, 0).get(60, TimeUnit.SECONDS);
    }

    @Test
    void givenASignal_whenItIsHeard_thenNobodyHasToLook() throws Exception {
        var call = call();
        var told = waiting(call, Direction.OUT, 0);
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!told.isDone() && System.nanoTime() < end) {
            signals.afterCommit(Topic.call(call)); // nobody tells whether it listens already
            Thread.yield();
        }
        assertThat(told).isCompleted();
    }
}
