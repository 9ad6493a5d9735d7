// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;

/** One function's day: calls in the order of their arrival to the lowest free container, one at a time. */
final class TrafficPool {
    private static final int START_MS = 1_000;
    private static final int START_JITTER_MS = 1_000;
    private static final int LATELY = 20;

    final List<Long> waits = new ArrayList<>(); // ms, of each call
    final List<Place> places = new ArrayList<>(); // by index
    final ArrayDeque<Long> lately = new ArrayDeque<>(); // ms, of the last calls that were done
    final ArrayDeque<Traffic.Call> waiting = new ArrayDeque<>();
    long coldStarts;
    long containerMillis;
    int most;
    long now;
    long resizedAt;

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::number));
    private final List<Place> leaving = new ArrayList<>(); // that finish what they have
    private final Random random = new Random(1);
    private final Scaler scaler;
    private final List<Traffic.Call> calls;
    private int next;
    private long numbers;
    private boolean isTicking;

    private record Event(long at, long number, Runnable what) {}

    /** A container, from the moment that it was asked for. */
    static final class Place {
        final long asked;
        long readyAt;
        long idleSince = -1; // while it is ready and free
        boolean isLeaving;

        Place(long asked) {
            this.asked = asked;
        }

        boolean isReady(long now) {
            return readyAt <= now;
        }
    }

    TrafficPool(List<Traffic.Call> calls, Scaler scaler) {
        this.calls = calls;
        this.scaler = scaler;
    }

    TrafficPool run() {
        if (!calls.isEmpty()) {
            at(calls.getFirst().at(), this::arrive);
        }
        while (!events.isEmpty()) {
            var event = events.remove();
            now = event.at;
            event.what.run();
        }
        if (!waiting.isEmpty() || !places.isEmpty() || waits.size() != calls.size()) {
            throw new AssertionError("%d calls wait, %d containers are left, %d of %d calls are done"
                    .formatted(waiting.size(), places.size(), waits.size(), calls.size()));
        }
        return this;
    }

    Instant instant() {
        return Instant.EPOCH.plusMillis(now);
    }

    int running() {
        return (int) places.stream()
                        .filter(p -> p.isReady(now) && p.idleSince < 0)
                        .count()
                + leaving.size();
    }

    private void at(long when, Runnable what) {
        events.add(new Event(when, numbers++, what));
    }

    private void arrive() {
        waiting.add(calls.get(next++));
        if (next < calls.size()) {
            at(calls.get(next).at(), this::arrive);
        }
        if (!take()) {
            resize(scaler.look(this, true));
        }
        tick();
    }

    private void tick() {
        if (!isTicking) {
            isTicking = true;
            at(now + scaler.period().toMillis(), () -> {
                isTicking = false;
                resize(scaler.look(this, false));
                if (!places.isEmpty() || !waiting.isEmpty()) {
                    tick();
                }
            });
        }
    }

    /** @return whether nothing waits any more */
    private boolean take() {
        for (var place : places) {
            if (waiting.isEmpty()) {
                return true;
            }
            if (place.idleSince >= 0) {
                begin(place, waiting.remove());
            }
        }
        return waiting.isEmpty();
    }

    private void begin(Place place, Traffic.Call call) {
        place.idleSince = -1;
        waits.add(now - call.at());
        if (place.asked >= call.at()) {
            coldStarts++;
        }
        at(now + call.millis(), () -> {
            lately.add(call.millis());
            if (lately.size() > LATELY) {
                lately.remove();
            }
            if (place.isLeaving) {
                leaving.remove(place);
                containerMillis += now - place.asked;
            } else {
                place.idleSince = now;
                take();
            }
        });
    }

    private void resize(int to) {
        while (places.size() < to) {
            var place = new Place(now);
            place.readyAt = now + START_MS + random.nextInt(START_JITTER_MS);
            places.add(place);
            at(place.readyAt, () -> {
                if (!place.isLeaving) {
                    place.idleSince = now;
                    take();
                    resize(scaler.look(this, !waiting.isEmpty()));
                }
            });
            resizedAt = now;
        }
        while (places.size() > to) {
            var place = leaves();
            places.remove(place);
            place.isLeaving = true;
            resizedAt = now;
            if (place.isReady(now) && place.idleSince < 0) {
                leaving.add(place);
            } else {
                containerMillis += now - place.asked;
            }
        }
        most = Math.max(most, places.size());
    }

    /** The highest that is free; one that works finishes first. */
    private Place leaves() {
        for (var place : places.reversed()) {
            if (place.idleSince >= 0) {
                return place;
            }
        }
        return places.getLast();
    }

    /** @return how long the slowest hundredth of the calls waited at least, and so on */
    static Duration percentile(List<Long> waits, double part) {
        var sorted = waits.stream().sorted().toList();
        return Duration.ofMillis(sorted.get((int) Math.min(sorted.size() - 1, part * sorted.size())));
    }
}
