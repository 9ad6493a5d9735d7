// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class BackoffTest {
    static final Duration FIRST = Duration.ofMillis(100);
    static final Duration MOST = Duration.ofSeconds(10);

    @Property
    void neverAStormAndNeverForgotten(@ForAll long seed, @ForAll @IntRange(max = 40) int failures) {
        var backoff = new Backoff(FIRST, MOST, new Random(seed));
        for (int i = 0; i < failures; i++) {
            backoff.next();
        }
        assertThat(backoff.next()).isBetween(FIRST.dividedBy(2), MOST);
        backoff.reset();
        assertThat(backoff.next()).isBetween(FIRST.dividedBy(2), FIRST);
    }
}
