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
    private volatile Consumer<Topic> rung = topic -> {};
    private volatile Elsewhere elsewhere = (topic, count) -> {};
    private volatile boolean ended;

    /** Where signals go that are for waiters on other servers. */
    @FunctionalInterface
    public interface Elsewhere {
        /** Returns at once. */
        void tell(Topic topic, int count);
    }

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
        pending.merge(topic, count, Signals::sum);
    }

    /** @return how many waiters two signals are for */
    public static int sum(int a, int b) {
        return a > EVERYONE - b ? EVERYONE : a + b;
    }

    /** Whom to tell when there may be waiters on other servers. */
    public void onElsewhere(Elsewhere others) {
        elsewhere = others;
    }

    /** For the server that scales a pool, if that is another one. */
    public void tellElsewhere(Topic topic) {
        elsewhere.tell(topic, 1);
    }

    /** Another server signals. What nobody waits for here is not passed on, as all have heard it. */
    public void heard(Topic topic, int count) {
        if (topic.kind() == Topic.Kind.POOL) {
            unheard.accept(topic);
        } else {
            ring(topic, count);
        }
    }

    /** Everyone looks again: nobody knows what they missed. */
    public void wakeAll() {
        waiting.keySet().forEach(topic -> ring(topic, EVERYONE));
    }

    /**
     * Whom to tell when a signal for a number of waiters found fewer here: work arrives and nobody may be free to take it. Also when
     * another server asks for a look at a pool.
     */
    public void onUnheard(Consumer<Topic> listener) {
        unheard = listener;
    }

    /** Whom to tell of each signal, whoever gave it, before those who wait are woken. */
    public void onRing(Consumer<Topic> listener) {
        rung = listener;
    }

    /** The server goes down: everyone who waits is woken, and shall answer with what there is. */
    public void end() {
        ended = true;
        wakeAll();
    }

    /** @return whether to wait is in vain, as the server goes down */
    public boolean haveEnded() {
        return ended;
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
        int rung = ring(topic, count);
        if (rung < count && !(topic.kind() == Topic.Kind.CALL && rung > 0)) { // a call has one who waits, as a rule
            elsewhere.tell(topic, count == EVERYONE ? EVERYONE : count - rung);
        }
        if (count != EVERYONE && rung < count) {
            unheard.accept(topic);
        }
    }

    /** @return how many were woken */
    private int ring(Topic topic, int count) {
        rung.accept(topic);
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
        return count - left.get();
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
        public boolean ring() {
            if (bell.availablePermits() > 0) {
                return false;
            }
            bell.release();
            return true;
        }

        /**
         * Waits for a signal, for {@link #SAFETY_NET}, or for {@code atMost}, whichever is first.
         *
         * @return whether it was a signal
         */
        public boolean await(Duration atMost) throws InterruptedException {
            var limit = atMost.compareTo(SAFETY_NET) < 0 ? atMost : SAFETY_NET;
            boolean rung = bell.tryAcquire(Math.max(0, limit.toNanos()), TimeUnit.NANOSECONDS);
            bell.drainPermits();
            return rung;
        }

        /** For those over whom somebody watches: no look of their own in between. */
        public void awaitWatched(Duration atMost) throws InterruptedException {
            bell.tryAcquire(Math.max(0, atMost.toNanos()), TimeUnit.NANOSECONDS);
            bell.drainPermits();
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
