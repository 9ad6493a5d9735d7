// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SentWindowTest {
    private static final int MIB = 1 << 20;

    @Test
    void theLastFewMebibytesAreKept() {
        var sent = new SentWindow(0);
        var given = OptionalLong.empty();
        for (long ordinal = 1; ordinal <= 8; ordinal++) {
            assertThat(given).isEmpty();
            given = sent.add(ordinal, MIB);
        }
        assertThat(given).hasValue(4);
    }

    @Test
    void aGapIsSeen() {
        var sent = new SentWindow(7);
        assertThat(sent.isNext(8)).isTrue();
        assertThat(sent.isNext(9)).isFalse();
        sent.add(8, 1);
        assertThat(sent.next()).isEqualTo(9);
    }
}
