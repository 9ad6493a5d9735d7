// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serai.problem.Problem;
import serai.problem.ProblemException;

class EveryTest {
    static final Instant DEPLOYED = Instant.parse("2027-12-31T12:00:00Z");

    @Test
    void givenAMonthFromThe31st_whenMonthsAreShort_thenTheOthersStayOnThe31st() {
        var monthly = Every.of(0, 1, 0, 0, 0, 0, 0);
        assertThat(Stream.iterate(DEPLOYED, slot -> monthly.next(slot, DEPLOYED).orElseThrow())
                        .limit(5)
                        .map(slot -> slot.toString().substring(0, 10)))
                .containsExactly("2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30");
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, 0, 0, 0, 0, 0, 2028-12-31T12:00:00Z, P1Y",
        "0, 0, 2, 1, 0, 0, 0, 2028-01-15T12:00:00Z, P15D",
        "0, 0, 0, 0, 1, 30, 0, 2027-12-31T13:30:00Z, PT1H30M",
        "0, 0, 0, 0, 0, 0, 3.5, 2027-12-31T12:00:03.500Z, PT3.5S",
        "0, 0, 0, 1, 0, 0, 0.25, 2028-01-01T12:00:00.250Z, P1DT0.25S",
        "0, 0, 0, 0, 0, 90, 0, 2027-12-31T13:30:00Z, PT1H30M",
    })
    void theFirstSlotIsOnePeriodAfterTheDeployment(
            int years,
            int months,
            int weeks,
            int days,
            int hours,
            int minutes,
            double seconds,
            Instant first,
            String text) {
        var every = Every.of(years, months, weeks, days, hours, minutes, seconds);
        assertThat(every.next(DEPLOYED, DEPLOYED)).contains(first);
        assertThat(every.expression()).isEqualTo(text);
        assertThat(Timetable.of(every.kind(), every.expression(), every.timezone()))
                .isEqualTo(every);
    }

    @Test
    void givenTheWiresFloat_whenRead_thenItIsWholeMicroseconds() {
        assertThat(Every.of(0, 0, 0, 0, 0, 0, 3.1415927f).time()).isEqualTo(Duration.ofNanos(3_141_593_000L));
    }

    @Property
    void theNextSlotIsTheFirstAfter(
            @ForAll @IntRange(max = 2) int months,
            @ForAll @IntRange(max = 40) int days,
            @ForAll @DoubleRange(min = 1, max = 100_000) double seconds,
            @ForAll @LongRange(max = 4_000_000_000L) long later) {
        var every = Every.of(0, months, 0, days, 0, 0, seconds);
        var after = DEPLOYED.plusSeconds(later);
        var next = every.next(after, DEPLOYED).orElseThrow();
        assertThat(next).isAfter(after);
        assertThat(every.next(next.minusNanos(1), DEPLOYED)).contains(next);
        var following = every.next(next, DEPLOYED).orElseThrow();
        assertThat(following).isAfter(next);
        assertThat(every.next(following.minusNanos(1), DEPLOYED)).contains(following);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0  | 0  | 0 | 0  | 0 | 0  | 0         | period P0D: from 1 second
                    0  | 0  | 0 | 0  | 0 | 0  | 0.5       | period PT0.5S: from 1 second
                    0  | 0  | 0 | 0  | 0 | 0  | -5        | seconds is -5
                    0  | 0  | 0 | 1  | 0 | -1 | 0         | minutes is -1
                    -1 | 13 | 0 | 0  | 0 | 0  | 0         | years is -1
                    0  | 0  | 0 | 0  | 0 | 0  | NaN       | seconds is NaN
                    0  | 0  | 0 | 0  | 0 | 0  | Infinity  | seconds is Infinity
                    0  | 0  | 0 | 0  | 0 | 0  | 1e30      | seconds is 1.0E30
                    101 | 0 | 0 | 0  | 0 | 0  | 0         | to 100 years are allowed
                    0  | 0  | 2147483647 | 0 | 0 | 0 | 0  | 2147483647 weeks""")
    void aBadPeriodIsRefusedWithFieldAndValue(
            int years, int months, int weeks, int days, int hours, int minutes, double seconds, String refusal) {
        assertThatThrownBy(() -> Every.of(years, months, weeks, days, hours, minutes, seconds))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining(refusal)
                .satisfies(e -> assertThat(((ProblemException) e).problem()).isEqualTo(Problem.INVALID_SCHEDULE));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    P1X     | "P1X" cannot be read at position
                    PT      | "PT" cannot be read at position
                    1h      | "1h" cannot be read at position
                    PTxS    | "PTxS" cannot be read at position 2
                    P-1D    | "P-1D" must not be negative
                    PT-5S   | "PT-5S" must not be negative
                    PT0.5S  | from 1 second""")
    void aBadTextIsRefused(String text, String refusal) {
        assertThatThrownBy(() -> Every.of(text))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining(refusal);
    }
}
