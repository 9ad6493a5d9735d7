// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class IncomingTest {
    private final ArrayList<Boolean> reading = new ArrayList<>();
    private final Incoming incoming = new Incoming(reading::add);

    @Test
    void whenItIsFullNoMoreIsReadUntilThereIsRoom() throws InterruptedException {
        for (int i = 0; i < 5; i++) {
            incoming.put(new Incoming.Piece.Body(new byte[64 << 10], false));
        }
        assertThat(reading).containsExactly(false);
        for (int i = 0; i < 5; i++) {
            incoming.take(Duration.ZERO);
        }
        assertThat(reading).containsExactly(false, true);
    }

    @Test
    void whenNothingComesInTimeThereIsNothing() throws InterruptedException {
        assertThat(incoming.take(Duration.ofMillis(1))).isNull();
    }
}
