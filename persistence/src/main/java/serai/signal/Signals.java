// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.signal;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Wakes those who wait for something that is about to be committed. A signal is a hint: a waiter looks again, and looks
 * again now and then without one, so a lost signal costs {@link #SAFETY_NET} and nothing else.
 */
@ApplicationScoped
public class Signals {
    /** How long a waiter trusts that it was told. */
    public static final Duration SAFETY_NET = Duration.ofSeconds(2);

    private static final int EVERYONE = Integer.MAX_VALUE;

    /** Lowest rank first; among equals the one who has waited longest. */
    private static final Comparator<Waiter> TURN =
            Comparator.comparingInt((Waiter w) -> w.rank).thenComparingLong(w -> w.since);

    private final ConcurrentHashMap<Topic, TreeSet<Waiter>> waiting = new ConcurrentHashMap<>();
    private final AtomicLong arrivals = new AtomicLong();

    private volatile Consumer<Topic> unheard = topic -> {};

    @Resource(lookup = "java:comp/TransactionSynchronizationRegistry")
    private TransactionSynchronizationRegistry transactions;

    /** Wakes everyone who waits for the topic, once the running transaction is committed; at once if there is none. */
    public void afterCommit(Topic topic) {
        afterCommit(topic, EVERYONE);
    }

    /** @param count how many to wake, lowest rank first */
    @SuppressWarnings("unchecked")
    public void afterCommit(Topic topic, int count) {
        if (transactions == null || transactions.getTransactionStatus() != Status.STATUS_ACTIVE) {
            wake(topic, count);
            return;
        }
        var pending = (Map<Topic, Integer>) transactions.getResource(Signals.class);
        if (pending == null) {
            var collected = new HashMap<Topic, Integer>();
            pending = collected;
            transactions.putResource(Signals.class, collected);
            transactions.registerInterposedSynchronization(new Synchronization() {
                @Override
                public void beforeCompletion() {}

                @Override
                public void afterCompletion(int status) {
                    if (status == Status.STATUS_COMMITTED) {
                        collected.forEach(Signals.this::wake);
                    }
                }
            });
        }
        pending.merge(topic, count, (a, b) -> a > EVERYONE - b ? EVERYONE : a + b);
    }

    /** Whom to tell when a signal for a number of waiters found fewer: work arrives and nobody is free to take it. */
    public void onUnheard(Consumer<Topic> listener) {
        unheard = listener;
    }

    /** Begins to listen; look at the state only after this, so that nothing falls between look and wait. */
    public Waiter listen(Topic topic) {
        return listen(topic, 0);
    }

    /** @param rank who is woken first when not everyone is: the lowest */
    public Waiter listen(Topic topic, int rank) {
        var waiter = new Waiter(topic, rank, arrivals.getAndIncrement());
        waiting.compute(topic, (t, present) -> {
            var all = present == null ? new TreeSet<>(TURN) : present;
            all.add(waiter);
            return all;
        });
        return waiter;
    }

    private void wake(Topic topic, int count) {
        var left = new AtomicInteger(count);
        waiting.computeIfPresent(topic, (t, present) -> {
            for (var waiter : present) {
                if (left.get() == 0) {
                    break;
                }
                if (waiter.ring()) {
                    left.decrementAndGet();
                }
            }
            return present;
        });
        if (count != EVERYONE && left.get() > 0) {
            unheard.accept(topic);
        }
    }

    /** Somebody who waits. Close it in any case. */
    public final class Waiter implements AutoCloseable {
        private final Topic topic;
        private final int rank;
        private final long since;
        private final Semaphore bell = new Semaphore(0);

        private Waiter(Topic topic, int rank, long since) {
            this.topic = topic;
            this.rank = rank;
            this.since = since;
        }

        /** @return whether it was not rung already */
        private boolean ring() {
            if (bell.availablePermits() > 0) {
                return false;
            }
            bell.release();
            return true;
        }

        /** Waits for a signal, for {@link #SAFETY_NET}, or for {@code atMost}, whichever is first. */
        public void await(Duration atMost) throws InterruptedException {
            var limit = atMost.compareTo(SAFETY_NET) < 0 ? atMost : SAFETY_NET;
            if (bell.tryAcquire(Math.max(0, limit.toNanos()), TimeUnit.NANOSECONDS)) {
                bell.drainPermits();
            }
        }

        /** Hands a signal that this waiter cannot use to the next one. */
        public void pass() {
            close();
            wake(topic, 1);
        }

        @Override
        public void close() {
            waiting.computeIfPresent(topic, (t, present) -> {
                present.remove(this);
                return present.isEmpty() ? null : present;
            });
        }
    }
}
