// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.doc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class GoDurationTest {
    @Test
    void durationsAreWrittenAsGoWritesThem() {
        assertThat(GoDuration.of(Duration.ZERO)).isEqualTo("0s");
        assertThat(GoDuration.of(Duration.ofNanos(356_699_803))).isEqualTo("356.699803ms");
        assertThat(GoDuration.of(Duration.ofNanos(4_252_960_424L))).isEqualTo("4.252960424s");
        assertThat(GoDuration.of(Duration.ofMinutes(1))).isEqualTo("1m0s");
        assertThat(GoDuration.of(Duration.ofMinutes(90))).isEqualTo("1h30m0s");
        assertThat(GoDuration.of(Duration.ofNanos(1_500))).isEqualTo("1.5µs");
    }

    @Test
    void whatIsWrittenIsReadAgain_andNothingWithoutUnit() {
        for (long nanos : new long[] {1, 1_500, 356_699_803, 4_252_960_424L, 60_000_000_000L, 5_400_000_000_000L}) {
            assertThat(GoDuration.parse(GoDuration.of(Duration.ofNanos(nanos)))).contains(Duration.ofNanos(nanos));
        }
        assertThat(GoDuration.parse("1.5h")).contains(Duration.ofMinutes(90));
        for (String wrong : new String[] {"", "5", "m", "-1s", "5 m", "99999999h"}) {
            assertThat(GoDuration.parse(wrong)).as(wrong).isEmpty();
        }
    }
}
