// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import io.grpc.Context;
import io.grpc.Status;
import java.time.Duration;
import java.util.function.Predicate;
import java.util.function.Supplier;
import serai.signal.Signals;
import serai.signal.Topic;

/** Waits for something in the database to come true, on the calling virtual thread. */
final class LongPoll {
    /** Between two looks of somebody who comes back at once while the server goes down. */
    private static final Duration BREATH = Duration.ofMillis(250);

    private final Signals signals;

    LongPoll(Signals signals) {
        this.signals = signals;
    }

    /** @return what was seen last: enough, or the state when the time was up or the server goes down */
    <T> T until(Topic topic, Duration limit, Supplier<T> look, Predicate<T> enough) throws InterruptedException {
        return until(topic, 0, limit, look, enough);
    }

    /** @param rank whoever has the lowest is told first when there is not enough for everyone */
    <T> T until(Topic topic, int rank, Duration limit, Supplier<T> look, Predicate<T> enough)
            throws InterruptedException {
        return until(topic, rank, limit, look, enough, Signals.Waiter::await);
    }

    /** How to wait between two looks. */
    @FunctionalInterface
    interface Pause {
        void await(Signals.Waiter waiter, Duration atMost) throws InterruptedException;
    }

    <T> T until(Topic topic, int rank, Duration limit, Supplier<T> look, Predicate<T> enough, Pause pause)
            throws InterruptedException {
        var context = Context.current();
        long end = System.nanoTime() + limit.toNanos();
        boolean late = signals.haveEnded();
        try (var waiter = signals.listen(topic, rank)) {
            Context.CancellationListener gone = c -> waiter.pass();
            context.addListener(gone, Runnable::run);
            try {
                while (true) {
                    if (context.isCancelled()) {
                        waiter.pass(); // it may have been told of work that somebody else can do
                        throw Status.CANCELLED
                                .withDescription("the caller has gone")
                                .asRuntimeException();
                    }
                    var seen = look.get();
                    long left = end - System.nanoTime();
                    if (left <= 0 || enough.test(seen)) {
                        return seen;
                    }
                    if (signals.haveEnded()) {
                        if (late) {
                            Turns.without(() -> Thread.sleep(BREATH));
                        }
                        return seen;
                    }
                    Turns.without(() -> pause.await(waiter, Duration.ofNanos(left)));
                }
            } finally {
                context.removeListener(gone);
            }
        }
    }
}
