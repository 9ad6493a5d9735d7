// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class DatabaseClockTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private Instant database = Instant.parse("2030-01-01T12:00:00Z");
    private long nanos = Long.MAX_VALUE - 1; // it may overflow
    private final DatabaseClock clock = new DatabaseClock(() -> database, () -> nanos);

    @Test
    void betweenTwoReadingsTimeGoesOn() {
        clock.adjust();
        var begin = clock.instant();
        passes(Duration.ofSeconds(5));
        assertThat(clock.instant()).isEqualTo(begin.plusSeconds(5)).isEqualTo(database);
    }

    @Test
    void givenAClockThatRunsALittleFast_thenItIsFollowed_andThatIsNoStep() {
        clock.adjust();
        for (int i = 0; i < 100; i++) {
            passes(Duration.ofSeconds(2));
            set(Duration.ofMillis(10));
            clock.adjust();
        }
        assertThat(clock.instant()).isEqualTo(database);
    }

    @Test
    void givenAClockThatIsSet_thenItIsFollowedAtTheNextReading() {
        for (var by : new Duration[] {HOUR, HOUR.negated(), Duration.ofDays(-400)}) {
            clock.adjust();
            passes(Duration.ofSeconds(10));
            set(by);
            clock.adjust();
            passes(Duration.ofSeconds(5));
            assertThat(clock.instant()).as("after a step by %s", by).isEqualTo(database);
        }
    }

    @Test
    void theRealOneIsReadOnce_andThenAgainWhenItIsAsked() {
        var real = new DatabaseClock(TestDatabase.jdbi());
        var first = real.instant();
        real.adjust();
        assertThat(real.instant()).isCloseTo(first, within(1, ChronoUnit.MINUTES));
    }

    private void passes(Duration time) {
        nanos += time.toNanos();
        set(time);
    }

    private void set(Duration by) {
        database = database.plus(by);
    }
}
