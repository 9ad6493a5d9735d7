// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done about the slots of one schedule at one moment. Slots that are in time all fire. If one was missed,
 * because nobody looked or because of a pause, then only the newest fires, as a late one, and the others are skipped.
 *
 * @param fire in their order
 * @param late whether the one to fire stands for missed ones
 * @param skip in their order
 * @param left whether there were more slots than are listed, older than the last of them
 * @param next the first slot after now
 */
record Due(List<Instant> fire, boolean late, List<Instant> skip, boolean left, Optional<Instant> next) {
    static final int MOST_SKIPPED = 1_000;

    /** After so many slots some are passed over: a year of seconds is not counted one by one. */
    private static final int STRIDE = 10_000;

    /**
     * @param from the first slot that nothing was done about
     * @param missedUntil slots up to here were missed
     */
    static Due at(Timetable timetable, Instant since, Instant from, Instant missedUntil, Instant now) {
        var newest = new ArrayDeque<Instant>();
        boolean left = false;
        Optional<Instant> slot = Optional.of(from);
        for (int count = 1; slot.isPresent() && !slot.get().isAfter(now); count++) {
            var reached = slot.get();
            newest.add(reached);
            if (newest.size() > MOST_SKIPPED + 1) {
                newest.removeFirst();
                left = true;
            }
            var after = count % STRIDE == 0 ? ahead(from, reached, count, now) : reached;
            left |= after.isAfter(reached);
            slot = timetable.next(after, since);
        }
        if (newest.isEmpty() || newest.getFirst().isAfter(missedUntil)) {
            return new Due(List.copyOf(newest), false, List.of(), false, slot);
        }
        var last = newest.removeLast();
        return new Due(List.of(last), true, List.copyOf(newest), left, slot);
    }

    /** Twice as far before now as the slots that are listed take in the mean; never back. */
    private static Instant ahead(Instant from, Instant reached, int count, Instant now) {
        var wanted = Duration.between(from, reached).dividedBy(count).multipliedBy(2L * MOST_SKIPPED);
        var near = now.minus(wanted);
        return near.isAfter(reached) ? near : reached;
    }
}
