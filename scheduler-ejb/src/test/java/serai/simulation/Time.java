// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Predicate;

/** What happens when. Nothing waits: the clock jumps to the next event. */
final class Time {
    static final Instant BEGIN = Instant.parse("2030-01-01T00:00:00Z");

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparing(Event::at).thenComparingLong(Event::number));
    private Instant now = BEGIN;
    private long numbers;

    /** Who may always act in between. */
    private static final Object ANYBODY = new Object();

    /** For what happens to all. */
    private static final Object NOBODY = new Object();

    /** @param whose turn it is; it may also come a little earlier, in the middle of what another does */
    private record Event(Instant at, long number, Object whose, Runnable what) {}

    Instant now() {
        return now;
    }

    Duration since(Instant then) {
        return Duration.between(then, now);
    }

    void after(Duration delay, Runnable what) {
        add(delay, NOBODY, what);
    }

    /** For what containers and clients do. */
    void actsAfter(Duration delay, Runnable what) {
        add(delay, ANYBODY, what);
    }

    /** @param whose who does nothing else at the same time */
    void actsAfter(Duration delay, Object whose, Runnable what) {
        add(delay, whose, what);
    }

    private void add(Duration delay, Object whose, Runnable what) {
        events.add(new Event(now.plus(delay), numbers++, whose, what));
    }

    /** @return whether there was one that may come now, within the given time of its own, of somebody who is free */
    boolean hurry(Duration within, Predicate<Object> isFree) {
        var next = events.peek();
        if (next == null
                || next.whose == NOBODY
                || next.at.isAfter(now.plus(within))
                || next.whose != ANYBODY && !isFree.test(next.whose)) {
            return false;
        }
        events.remove().what.run();
        return true;
    }

    /** @return false when nothing is left to happen before the given time */
    boolean step(Instant end) {
        var next = events.peek();
        if (next == null || next.at.isAfter(end)) {
            now = end;
            return false;
        }
        events.remove();
        now = next.at.isAfter(now) ? next.at : now;
        next.what.run();
        return true;
    }
}
