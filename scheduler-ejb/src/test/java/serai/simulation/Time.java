// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;

/** What happens when. Nothing waits: the clock jumps to the next event. */
final class Time {
    static final Instant BEGIN = Instant.parse("2030-01-01T00:00:00Z");

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparing(Event::at).thenComparingLong(Event::number));
    private Instant now = BEGIN;
    private long numbers;

    /** @param isActor whether it may also come a little earlier: in the middle of what a server does */
    private record Event(Instant at, long number, boolean isActor, Runnable what) {}

    Instant now() {
        return now;
    }

    Duration since(Instant then) {
        return Duration.between(then, now);
    }

    void after(Duration delay, Runnable what) {
        events.add(new Event(now.plus(delay), numbers++, false, what));
    }

    /** For what containers and clients do. */
    void actsAfter(Duration delay, Runnable what) {
        events.add(new Event(now.plus(delay), numbers++, true, what));
    }

    /** @return whether there was one that may come now, within the given time of its own */
    boolean hurry(Duration within) {
        var next = events.peek();
        if (next == null || !next.isActor || next.at.isAfter(now.plus(within))) {
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
