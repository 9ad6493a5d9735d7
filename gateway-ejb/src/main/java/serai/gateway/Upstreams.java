// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import serai.serve.Door;

/** Connections to containers that wait for the next request. The one that was used last is used first, so that the others may end. */
final class Upstreams implements AutoCloseable {
    /** So long a connection waits; servers in containers rarely close it earlier. */
    private static final Duration IDLE = Duration.ofSeconds(5);

    private static final int OF_A_DOOR = 256;
    private static final int ALTOGETHER = 4_096;

    private final int maxHeaders;
    private final Duration patience;
    private final int most;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Door, ArrayDeque<Kept>> waiting = new HashMap<>();
    private int count;
    private boolean closed;

    private record Kept(Upstream upstream, long since) {
        private Duration time() {
            return Duration.ofNanos(System.nanoTime() - since);
        }
    }

    /** @param maxHeaders bytes of an answer's fields */
    Upstreams(int maxHeaders) {
        this(maxHeaders, IDLE, OF_A_DOOR);
    }

    /**
     * @param patience how long a connection waits
     * @param most how many of one door wait
     */
    Upstreams(int maxHeaders, Duration patience, int most) {
        this.maxHeaders = maxHeaders;
        this.patience = patience;
        this.most = most;
    }

    /** @return one that has waited at most so long; it is the caller's until it is given back or released */
    Optional<Upstream> kept(Door door, Duration atMost) {
        return kept(door, atMost, upstream -> true);
    }

    /** @param loop on which it is read and written */
    Optional<Upstream> kept(Door door, Duration atMost, EventLoop loop) {
        return kept(door, atMost, upstream -> upstream.channel().eventLoop() == loop);
    }

    private Optional<Upstream> kept(Door door, Duration atMost, Predicate<Upstream> fits) {
        lock.lock();
        try {
            var those = waiting.get(door);
            if (those == null) {
                return Optional.empty();
            }
            long now = System.nanoTime();
            for (var latest = those.descendingIterator(); latest.hasNext(); ) {
                var kept = latest.next();
                if (now - kept.since > atMost.toNanos()) {
                    return Optional.empty(); // as have those before it
                }
                if (fits.test(kept.upstream)) {
                    latest.remove();
                    forgetOne(door, those);
                    if (kept.upstream.isOpen()) {
                        return Optional.of(kept.upstream);
                    }
                }
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private void forgetOne(Door door, ArrayDeque<Kept> those) {
        count--;
        if (those.isEmpty()) {
            waiting.remove(door);
        }
    }

    /** A new one, the caller's as well. */
    Upstream connect(Door door, EventLoop loop) throws UnreachableException, InterruptedException {
        return Upstream.connect(door, loop, maxHeaders, this::remove);
    }

    /** @param upstream asked and answered, both to the end */
    void giveBack(Upstream upstream) {
        if (!keep(upstream)) {
            upstream.release();
        }
    }

    private boolean keep(Upstream upstream) {
        lock.lock();
        try {
            var those = waiting.get(upstream.door());
            if (closed || !upstream.isClean() || (those != null && those.size() >= most) || count >= ALTOGETHER) {
                return false;
            }
            waiting.computeIfAbsent(upstream.door(), door -> new ArrayDeque<>())
                    .add(new Kept(upstream, System.nanoTime()));
            count++;
        } finally {
            lock.unlock();
        }
        if (upstream.watch()) {
            lookLater(upstream, patience);
        }
        return true;
    }

    private void lookLater(Upstream upstream, Duration delay) {
        upstream.channel().eventLoop().schedule(() -> look(upstream), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** One look at a time for each connection, however often it is used meanwhile. */
    private void look(Upstream upstream) {
        Duration left;
        lock.lock();
        try {
            var kept = waiting.getOrDefault(upstream.door(), new ArrayDeque<>()).stream()
                    .filter(one -> one.upstream == upstream)
                    .findFirst();
            if (kept.isEmpty()) {
                upstream.unwatch(); // in use
                return;
            }
            left = patience.minus(kept.get().time());
            if (!left.isPositive()) {
                remove(upstream);
            }
        } finally {
            lock.unlock();
        }
        if (left.isPositive()) {
            lookLater(upstream, left);
        } else {
            upstream.release();
        }
    }

    /** If it waited. */
    private void remove(Upstream upstream) {
        lock.lock();
        try {
            var those = waiting.getOrDefault(upstream.door(), new ArrayDeque<>());
            if (those.removeIf(one -> one.upstream == upstream)) {
                forgetOne(upstream.door(), those);
            }
        } finally {
            lock.unlock();
        }
    }

    /** That container is over: nothing is kept for it. Requests that are under way end by themselves. */
    void forget(String containerId) {
        var those = new ArrayList<Kept>();
        lock.lock();
        try {
            waiting.entrySet()
                    .removeIf(entry ->
                            entry.getKey().containerId().equals(containerId) && those.addAll(entry.getValue()));
            count -= those.size();
        } finally {
            lock.unlock();
        }
        those.forEach(one -> one.upstream.release());
    }

    /** How many wait. */
    int size() {
        lock.lock();
        try {
            return count;
        } finally {
            lock.unlock();
        }
    }

    /** Those that wait end now, others when their requests do. */
    @Override
    public void close() {
        List<Kept> those;
        lock.lock();
        try {
            closed = true;
            those = waiting.values().stream().flatMap(ArrayDeque::stream).toList();
            waiting.clear();
            count = 0;
        } finally {
            lock.unlock();
        }
        those.forEach(one -> one.upstream.release());
    }
}
