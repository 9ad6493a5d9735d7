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
        var stamp = clock.instant();
        for (int i = 0; i < 100; i++) {
            passes(Duration.ofSeconds(2));
            set(Duration.ofMillis(10));
            clock.adjust();
        }
        assertThat(clock.instant()).isEqualTo(database);
        assertThat(clock.since(stamp)).isEqualTo(Duration.ofSeconds(201));
    }

    @Test
    void givenAClockThatIsSet_thenWhatIsOldStaysAsOldAsItIs_andWhatIsNewIsNew() {
        for (var by : new Duration[] {HOUR, HOUR.negated(), Duration.ofDays(-400)}) {
            clock.adjust();
            var before = clock.instant();
            passes(Duration.ofSeconds(10));
            set(by);
            clock.adjust();
            passes(Duration.ofSeconds(5));
            var after = clock.instant();
            passes(Duration.ofSeconds(3));

            assertThat(clock.since(before)).as("before a step by %s", by).isEqualTo(Duration.ofSeconds(18));
            assertThat(clock.since(after)).as("after a step by %s", by).isEqualTo(Duration.ofSeconds(3));
            assertThat(clock.instant()).isEqualTo(database);
        }
    }

    @Test
    void givenAClockThatIsSetForthAndBack_thenBothAreTakenOut() {
        clock.adjust();
        var before = clock.instant();
        passes(Duration.ofSeconds(1));
        set(HOUR);
        clock.adjust();
        var meanwhile = clock.instant();
        passes(Duration.ofSeconds(1));
        set(HOUR.negated());
        clock.adjust();
        passes(Duration.ofSeconds(1));

        assertThat(clock.since(before)).isEqualTo(Duration.ofSeconds(3));
        assertThat(clock.since(meanwhile)).isLessThanOrEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void theRealOneIsReadOnce_andThenAgainWhenItIsAsked() {
        var real = new DatabaseClock(TestDatabase.jdbi());
        var first = real.instant();
        real.adjust();
        assertThat(real.instant()).isCloseTo(first, within(1, ChronoUnit.MINUTES));
        assertThat(real.since(first)).isBetween(Duration.ZERO, Duration.ofMinutes(1));
    }

    private void passes(Duration time) {
        nanos += time.toNanos();
        set(time);
    }

    private void set(Duration by) {
        database = database.plus(by);
    }
}
