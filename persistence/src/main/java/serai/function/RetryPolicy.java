// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import java.time.Duration;
import serai.problem.Problem;

/**
 * What happens after an attempt that failed by the user's own doing. Lost containers do not count.
 *
 * @param retries how many more attempts there may be
 * @param backoff factor from one delay to the next
 */
@Embeddable
public record RetryPolicy(
        int retries,
        @Column(name = "retry_initial_delay_ms") Duration initialDelay,
        @Column(name = "retry_max_delay_ms") Duration maxDelay,
        @Column(name = "retry_backoff") double backoff) {

    public static final RetryPolicy NONE = new RetryPolicy(0, Duration.ZERO, Duration.ZERO, 1.0);

    public RetryPolicy {
        if (retries < 0 || initialDelay.isNegative() || maxDelay.isNegative() || !(backoff >= 1.0)) {
            throw Problem.INVALID_ARGUMENT.because(
                    "retry policy: retries %d, initial delay %s, max delay %s must not be negative, back-off %s at least 1",
                    retries, initialDelay, maxDelay, backoff);
        }
    }

    public boolean allowsAnotherAfter(int retriesSoFar) {
        return retriesSoFar < retries;
    }

    /** @return how long to wait before the retry after {@code retriesSoFar} earlier ones */
    public Duration delayAfter(int retriesSoFar) {
        double millis = initialDelay.toMillis() * Math.pow(backoff, retriesSoFar);
        return Duration.ofMillis((long) Math.min(millis, maxDelay.toMillis()));
    }
}
