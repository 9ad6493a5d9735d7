// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a pool's work has come lately: a value that each look makes from the one before. The stable window is the pool's
 * scaledown window; a burst is seen in a tenth of it, as in Knative's autoscaler, whose panic window and threshold these are.
 *
 * @param samples work at the looks of the burst window, oldest first
 * @param burstAt when there was more than twice the work that there was room for, in the average of the burst window
 */
record Trend(List<Sample> samples, Optional<Instant> burstAt) {
    static final Trend NONE = new Trend(List.of(), Optional.empty());

    /** Work for more than so many times the room there is, is a burst. */
    static final double THRESHOLD = 2.0;

    private static final int PART = 10;
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    /** @param inputs that waited or ran */
    record Sample(Instant at, int inputs) {}

    Trend {
        samples = List.copyOf(samples);
    }

    /**
     * @param inputs that wait or run
     * @param room for so many at a time in containers that are ready
     */
    Trend seen(int inputs, int room, Duration stableWindow, Instant now) {
        var begin = now.minus(burstWindow(stableWindow));
        var recent = new ArrayList<Sample>();
        for (var sample : samples) {
            if (sample.at().isAfter(begin) && !sample.at().isAfter(now)) {
                recent.add(sample);
            }
        }
        recent.add(new Sample(now, inputs));
        double average = recent.stream().mapToInt(Sample::inputs).average().orElse(0);
        return new Trend(recent, average > THRESHOLD * Math.max(1, room) ? Optional.of(now) : burstAt);
    }

    static Duration burstWindow(Duration stableWindow) {
        var part = stableWindow.dividedBy(PART);
        return part.compareTo(SHORTEST) < 0 ? SHORTEST : part;
    }

    /** @return whether there was a burst within the window; one from the future, of a clock that was set back, is none */
    boolean isInBurst(Duration stableWindow, Instant now) {
        return burstAt.filter(at -> !at.isAfter(now) && now.isBefore(at.plus(stableWindow)))
                .isPresent();
    }
}
