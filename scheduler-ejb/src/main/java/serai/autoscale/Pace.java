// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.util.Optional;

/**
 * How long things take in a pool.
 *
 * @param input an input runs, on average of its last ones; empty while none has finished
 * @param start a container takes until it is ready, on average
 */
record Pace(Optional<Duration> input, Duration start) {
    static final Pace UNKNOWN = new Pace(Optional.empty(), Duration.ofSeconds(2));

    /**
     * Inputs that are over before a container could start need none of their own: of those that wait, so many as the
     * containers that could be had would work on one after the other in the time of a start count as one.
     *
     * @return at least 1 if anything waits
     */
    int slotsFor(int pending) {
        if (input.isEmpty() || input.get().compareTo(start) >= 0) {
            return pending;
        }
        return (int) Math.ceil(pending * (double) Math.max(1, input.get().toMillis()) / Math.max(1, start.toMillis()));
    }
}
