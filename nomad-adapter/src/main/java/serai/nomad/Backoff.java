// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** Pauses that double from try to try, up to a bound, and differ between servers that lost Nomad at the same moment. */
final class Backoff {
    private final Duration first;
    private final Duration most;
    private final RandomGenerator random;
    private Duration ceiling;

    Backoff(Duration first, Duration most, RandomGenerator random) {
        this.first = first;
        this.most = most;
        this.random = random;
        this.ceiling = first;
    }

    /** @return between half and all of the current step */
    Duration next() {
        long step = ceiling.toMillis();
        ceiling = most.compareTo(ceiling.multipliedBy(2)) < 0 ? most : ceiling.multipliedBy(2);
        return Duration.ofMillis(random.nextLong(step / 2, step + 1));
    }

    /** It worked: the next pause is short again. */
    void reset() {
        ceiling = first;
    }
}
