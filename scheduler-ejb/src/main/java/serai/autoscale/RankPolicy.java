// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serai.function.AutoscalerSettings;

/**
 * Which rank is asked for what, where a function names several GPUs in order of preference (ADR 0007). The first rank is
 * asked; a rank that finds no place for longer than the patience lets the next one be asked as well. What all ranks
 * together are asked for never exceeds the function's maximum: where it would, a rank gives up what has no place anyway.
 * No clock, no database, no memory of earlier looks.
 *
 * @param concurrency inputs that a container works on at a time, at least 1
 * @param patience how long a place is waited for before the next rank is asked
 */
record RankPolicy(AutoscalerSettings settings, int concurrency, Duration patience) {
    /**
     * One pool of the function.
     *
     * @param size what the cluster was asked for
     * @param running inputs that its containers work on
     * @param unplaced how many of its size find no place
     * @param unplacedSince when that began
     * @param closedUntil until when the next rank is asked although this one asks for nothing
     */
    record Rank(int size, int running, int unplaced, Optional<Instant> unplacedSince, Instant closedUntil) {
        int placed() {
            return Math.max(0, size - unplaced);
        }
    }

    /**
     * What a rank has to care for.
     *
     * @param pending of the inputs that wait
     * @param settings the function's, of which the minimum and the buffer may be others' business
     * @param keep what it may go on asking for: less than its size where the next rank takes its turn
     * @param most what it may ask for
     */
    record Share(int pending, AutoscalerSettings settings, int keep, int most) {
        boolean givesWay(int size) {
            return keep < size;
        }
    }

    /** @return whether the next rank is asked as well */
    boolean isShort(Rank rank, Instant now) {
        return now.isBefore(rank.closedUntil())
                || rank.unplaced() > 0
                        && rank.unplacedSince()
                                .filter(since -> !now.isBefore(since.plus(patience)))
                                .isPresent();
    }

    /**
     * @param number of the rank whose share it is
     * @param pending inputs that wait for whichever rank is free first
     */
    Share share(int number, int pending, List<Rank> ranks, Instant now) {
        var me = ranks.get(number);
        int asked = ranks.stream().mapToInt(Rank::size).sum();
        int free = Math.max(0, settings.maxContainers() - asked);
        boolean isShort = isShort(me, now);
        int keep = me.size();
        if (isShort && number + 1 < ranks.size()) {
            keep -= Math.min(me.unplaced(), Math.max(0, wantedBelow(number, pending, ranks, now) - free));
        }
        return new Share(
                isTurn(number, ranks, now) ? pending : 0,
                new AutoscalerSettings(
                        minimum(number, ranks, now),
                        settings.maxContainers(),
                        number == 0 ? settings.bufferContainers() : 0,
                        settings.scaledownWindow()),
                keep,
                isShort ? keep : me.size() + free); // more of what is not to be had would be no more
    }

    /** @return what the next rank would ask for beyond what it has; 0 while it is not its turn */
    private int wantedBelow(int number, int pending, List<Rank> ranks, Instant now) {
        int below = number + 1;
        var next = ranks.get(below);
        int needed = Math.ceilDiv(pending + next.running(), concurrency);
        int wanted = Math.max(0, Math.max(needed, minimum(below, ranks, now)) - next.size());
        return isShort(next, now) && below + 1 < ranks.size()
                ? Math.max(wanted, wantedBelow(below, pending, ranks, now))
                : wanted;
    }

    private boolean isTurn(int number, List<Rank> ranks, Instant now) {
        return ranks.subList(0, number).stream().allMatch(better -> isShort(better, now));
    }

    /** What the better ranks have no place for. */
    private int minimum(int number, List<Rank> ranks, Instant now) {
        if (!isTurn(number, ranks, now)) {
            return 0;
        }
        int there = ranks.subList(0, number).stream().mapToInt(Rank::placed).sum();
        return Math.max(0, settings.minContainers() - there);
    }
}
