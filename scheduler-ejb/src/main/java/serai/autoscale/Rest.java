// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.time.Instant;

/**
 * A pause after the cluster did not answer, longer each time. How long depends on the pool, too, so that pools that found it away together
 * do not come back to it together. Not for use by several threads at a time.
 */
final class Rest {
    /** As often as the timer asks: the first pause leaves out no tick or one. */
    static final Duration FIRST = Duration.ofSeconds(1);

    /** A cluster that is back is used within that time, by all pools. */
    static final Duration LONGEST = Duration.ofSeconds(10);

    private static final int SHARES = 997; // a prime: names that differ by little are spread

    private final int pool;
    private Duration next = FIRST;
    private int failures;
    private Instant until = Instant.MIN;

    /** @param pool any number of its own */
    Rest(int pool) {
        this.pool = pool;
    }

    /** A clock that was set back does not make it longer. */
    boolean isOn(Instant now) {
        return now.isBefore(until) && !until.isAfter(now.plus(LONGEST));
    }

    /** From half of its length to the whole. */
    void longer(Instant now) {
        failures++;
        long share = Math.floorMod(31L * pool + 7_919L * failures, SHARES);
        until = now.plus(next.dividedBy(2)).plus(next.multipliedBy(share).dividedBy(2L * SHARES));
        next = next.multipliedBy(2).compareTo(LONGEST) < 0 ? next.multipliedBy(2) : LONGEST;
    }

    void over() {
        failures = 0;
        until = Instant.MIN;
        next = FIRST;
    }
}
