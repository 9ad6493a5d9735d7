// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serai.database.TestDatabase;
import serai.signal.Signals;
import serai.signal.Topic;

/** Two servers' signals over a real PostgreSQL. */
class ExchangeTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private final Jdbi jdbi = TestDatabase.jdbi();
    private final Peer one = new Peer();
    private final Peer other = new Peer();

    private final class Peer {
        final String id = "sv-" + UUID.randomUUID();
        final Signals signals = new Signals();
        final BlockingQueue<Topic> unheard = new LinkedBlockingQueue<>();
        boolean alone;
        final Exchange exchange = new Exchange(TestDatabase.source(), jdbi, signals, id, () -> !alone);

        Peer() {
            signals.onUnheard(unheard::add);
            exchange.start(task -> Thread.ofVirtual().start(task));
        }
    }

    @AfterEach
    void close() {
        one.exchange.close();
        other.exchange.close();
    }

    @Test
    void givenAWaiterOnAnotherServer_whenSomethingIsCommittedHere_thenItIsWoken() throws Exception {
        var topic = call();
        wakesElsewhere(topic);
    }

    @Test
    void givenAWaiterHere_whenACallIsOver_thenTheOthersAreNotTold() throws Exception {
        wakesElsewhere(call()); // both listen by now
        var topic = call();
        var barrier = call();
        try (var here = one.signals.listen(topic);
                var there = other.signals.listen(topic);
                var after = other.signals.listen(barrier)) {
            one.signals.afterCommit(topic);
            one.signals.afterCommit(barrier);
            assertThat(rings(here)).isTrue();
            awaits(() -> rings(after));
            assertThat(rings(there)).isFalse();
        }
    }

    @Test
    void givenOneInputAndItsOnlyFreeContainerOnAnotherServer_thenThatOneIsWoken() throws Exception {
        wakesElsewhere(call());
        var topic = Topic.work("po-" + UUID.randomUUID());
        try (var low = other.signals.listen(topic, 1);
                var high = other.signals.listen(topic, 2)) {
            one.signals.afterCommit(topic, 1);
            awaits(() -> rings(low));
            assertThat(rings(high)).isFalse();
        }
        assertThat(one.unheard).contains(topic); // it may be that nobody is free anywhere
        assertThat(other.unheard).doesNotContain(topic);
    }

    @Test
    void givenALookThatIsAskedOfAnotherServer_thenItHearsOfIt_andNotTheOneThatAsked() throws Exception {
        var topic = Topic.pool("po-" + UUID.randomUUID());
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        do { // until it listens
            one.signals.tellElsewhere(topic);
        } while (!topic.equals(other.unheard.poll(100, TimeUnit.MILLISECONDS)) && System.nanoTime() < deadline);
        assertThat(System.nanoTime()).isLessThan(deadline);
        assertThat(one.unheard).isEmpty();
    }

    @Test
    void givenALostConnection_thenEverybodyIsWoken_andSignalsComeAgain() throws Exception {
        wakesElsewhere(call());
        try (var waiter = other.signals.listen(call())) {
            jdbi.useHandle(handle -> handle.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen serai'"));
            awaits(() -> rings(waiter));
        }
        wakesElsewhere(call());
    }

    private static Topic call() {
        return Topic.call("fc-" + UUID.randomUUID());
    }

    private void wakesElsewhere(Topic topic) throws Exception {
        try (var waiter = other.signals.listen(topic)) {
            awaits(() -> {
                one.signals.afterCommit(topic); // again and again: it may not listen yet
                return rings(waiter);
            });
        }
    }

    /** Does not wait for longer than a signal here takes. */
    private static boolean rings(Signals.Waiter waiter) {
        try {
            return waiter.await(Duration.ofMillis(50));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaits(BooleanSupplier condition) {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
    }
}
