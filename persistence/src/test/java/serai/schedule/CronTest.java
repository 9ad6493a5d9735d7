// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import serai.problem.Problem;
import serai.problem.ProblemException;

class CronTest {
    /** Hours and half hours of summer time on both sides of the equator, none at all, and a clock that moves at midnight. */
    static final List<String> ZONES = List.of(
            "UTC",
            "Europe/Berlin",
            "Europe/London",
            "America/New_York",
            "America/Los_Angeles",
            "America/Sao_Paulo",
            "America/Santiago",
            "Asia/Kolkata",
            "Asia/Beirut",
            "Australia/Lord_Howe",
            "Pacific/Auckland",
            "Africa/Cairo");

    static final Instant LEAP_YEAR = Instant.parse("2028-01-01T00:00:00Z");
    static final Instant YEAR_AFTER = Instant.parse("2029-01-01T00:00:00Z");

    static List<Instant> slots(Timetable timetable, Instant after, Instant last) {
        var slots = new ArrayList<Instant>();
        for (var slot = timetable.next(after, after);
                slot.isPresent() && !slot.get().isAfter(last);
                slot = timetable.next(slot.get(), after)) {
            slots.add(slot.get());
        }
        return slots;
    }

    private static Set<Integer> all(int first, int last) {
        return IntStream.rangeClosed(first, last).boxed().collect(Collectors.toCollection(TreeSet::new));
    }

    private static Vixie.Job job(String line, Set<Integer> minutes, Set<Integer> hours) {
        return new Vixie.Job(line, minutes, hours, all(1, 31), all(1, 12), all(0, 6));
    }

    /** A whole leap year in every zone, by the minute. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
    void givenAYear_whenEveryMinuteOfItIsLookedAt_thenTheSlotsAreVixiesOwn(int index) {
        var zone = ZONES.get(index);
        var jobs = List.of(
                job("30 2 * * *", Set.of(30), Set.of(2)),
                job("0 0 * * *", Set.of(0), Set.of(0)),
                job("15,45 0,1,2,3 * * *", Set.of(15, 45), Set.of(0, 1, 2, 3)),
                job("*/20 1 * * *", Set.of(0, 20, 40), Set.of(1)),
                job("10 * * * *", Set.of(10), all(0, 23)),
                new Vixie.Job("0 9 29 2 *", Set.of(0), Set.of(9), Set.of(29), Set.of(2), all(0, 6)),
                new Vixie.Job("5 4 13 * 5", Set.of(5), Set.of(4), Set.of(13), all(1, 12), Set.of(5)));
        for (var job : jobs) {
            assertThat(slots(Cron.of(job.line(), zone), LEAP_YEAR, YEAR_AFTER))
                    .as("%s in %s", job.line(), zone)
                    .isEqualTo(new Vixie(job, ZoneId.of(zone)).slots(LEAP_YEAR, YEAR_AFTER))
                    .isNotEmpty();
        }
    }

    /** Any job around any change of the clock. */
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void givenAnyJobAroundAChange_thenTheSlotsAreVixiesOwn(
            @ForAll("jobs") Vixie.Job job, @ForAll("windows") Window window) {
        var zone = ZoneId.of(window.zone());
        var end = window.start().plus(Duration.ofDays(4));
        assertThat(slots(Cron.of(job.line(), window.zone()), window.start(), end))
                .isEqualTo(new Vixie(job, zone).slots(window.start(), end));
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void theNextSlotIsLaterAndNoneLiesBetween(@ForAll("jobs") Vixie.Job job, @ForAll("windows") Window window) {
        var cron = Cron.of(job.line(), window.zone());
        var next = cron.next(window.start(), Instant.EPOCH).orElseThrow();
        assertThat(next).isAfter(window.start());
        assertThat(next.getEpochSecond() % 60).isZero();
        var between = window.start().plus(Duration.between(window.start(), next).dividedBy(2));
        assertThat(cron.next(between, Instant.EPOCH)).contains(next);
        assertThat(cron.next(next.minusNanos(1), Instant.EPOCH)).contains(next);
    }

    record Window(String zone, Instant start) {}

    @Provide
    Arbitrary<Window> windows() {
        return Combinators.combine(
                        Arbitraries.of(ZONES), Arbitraries.integers().between(2024, 2032), seconds(2 * 86_400))
                .flatAs((zone, year, before) -> Arbitraries.of(changes(zone, year))
                        .map(change -> new Window(zone, change.minusSeconds(before))));
    }

    private static Arbitrary<Integer> seconds(int most) {
        return Arbitraries.integers().between(0, most);
    }

    private static List<Instant> changes(String zone, int year) {
        var found = new ArrayList<>(List.of(Instant.parse(year + "-03-01T00:00:00Z")));
        var rules = ZoneId.of(zone).getRules();
        var end = Instant.parse(year + "-12-31T00:00:00Z");
        for (var change = rules.nextTransition(Instant.parse(year + "-01-01T00:00:00Z"));
                change != null && change.getInstant().isBefore(end);
                change = rules.nextTransition(change.getInstant())) {
            found.add(change.getInstant());
        }
        return found;
    }

    @Provide
    Arbitrary<Vixie.Job> jobs() {
        return Combinators.combine(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
                .as((minute, hour, day, month, weekday) -> new Vixie.Job(
                        String.join(" ", minute.text(), hour.text(), day.text(), month.text(), weekday.text()),
                        minute.values(),
                        hour.values(),
                        day.text().startsWith("*") ? stepped(day.text(), 1, 31) : day.values(),
                        month.values(),
                        weekday.values()));
    }

    record Field(String text, Set<Integer> values) {}

    private static Arbitrary<Field> field(int first, int last) {
        var star = Arbitraries.just(new Field("*", all(first, last)));
        var steps = Arbitraries.integers()
                .between(2, Math.min(last, 9))
                .map(n -> new Field("*/" + n, stepped("*/" + n, first, last)));
        var list = Arbitraries.integers()
                .between(first, last)
                .set()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(values -> new Field(
                        values.stream().map(String::valueOf).collect(Collectors.joining(",")), new TreeSet<>(values)));
        var range = Combinators.combine(
                        Arbitraries.integers().between(first, last),
                        Arbitraries.integers().between(first, last))
                .as((a, b) -> new Field(Math.min(a, b) + "-" + Math.max(a, b), all(Math.min(a, b), Math.max(a, b))));
        return Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(4, star),
                net.jqwik.api.Tuple.of(1, steps),
                net.jqwik.api.Tuple.of(3, list),
                net.jqwik.api.Tuple.of(2, range));
    }

    private static Set<Integer> stepped(String text, int first, int last) {
        int step = text.equals("*") ? 1 : Integer.parseInt(text.substring(2));
        return all(first, last).stream()
                .filter(n -> (n - first) % step == 0)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0 9 * * *        | Europe/Berlin     | 2026-07-01T07:00:00Z | 2026-07-02T07:00:00Z
                    30 2 * * *       | Europe/Berlin     | 2026-03-28T12:00:00Z | 2026-03-29T01:00:00Z
                    30 2 * * *       | Europe/Berlin     | 2026-03-29T01:00:00Z | 2026-03-30T00:30:00Z
                    0,30 2,3 * * *   | Europe/Berlin     | 2026-03-29T00:59:00Z | 2026-03-29T01:00:00Z
                    0,30 2,3 * * *   | Europe/Berlin     | 2026-03-29T01:00:00Z | 2026-03-29T01:30:00Z
                    */30 2 * * *     | Europe/Berlin     | 2026-03-28T12:00:00Z | 2026-03-30T00:00:00Z
                    30 2 * * *       | Europe/Berlin     | 2026-10-24T12:00:00Z | 2026-10-25T00:30:00Z
                    30 2 * * *       | Europe/Berlin     | 2026-10-25T00:30:00Z | 2026-10-26T01:30:00Z
                    30 * * * *       | Europe/Berlin     | 2026-10-25T00:30:00Z | 2026-10-25T01:30:00Z
                    0 12 29 2 *      | UTC               | 2026-01-01T00:00:00Z | 2028-02-29T12:00:00Z
                    0 0 29 2 *       | UTC               | 2097-01-01T00:00:00Z | 2104-02-29T00:00:00Z
                    0 9 30 * *       | Pacific/Apia      | 2011-12-29T22:00:00Z | 2012-01-29T19:00:00Z
                    0 9 * * 7        | UTC               | 2026-11-24T00:00:00Z | 2026-11-29T09:00:00Z
                    0 9 * * SAT-MON  | UTC               | 2026-11-24T00:00:00Z | 2026-11-28T09:00:00Z
                    0 9 * jan mon    | UTC               | 2026-11-24T00:00:00Z | 2027-01-04T09:00:00Z
                    @hourly          | UTC               | 2026-11-24T00:00:00Z | 2026-11-24T01:00:00Z
                    @weekly          | Asia/Kolkata      | 2026-11-24T00:00:00Z | 2026-11-28T18:30:00Z
                    5/20 * * * *     | UTC               | 2026-11-24T00:05:00Z | 2026-11-24T00:25:00Z""")
    void theNextSlot(String line, String zone, Instant after, Instant next) {
        assertThat(Cron.of(line, zone).next(after, Instant.EPOCH)).contains(next);
    }

    @Test
    void givenADeployment_whenItsSlotsBegin_thenAfterIt() {
        var deployed = Instant.parse("2026-11-24T09:00:00.5Z");
        assertThat(Cron.of("* * * * *", "").next(Instant.EPOCH, deployed))
                .contains(Instant.parse("2026-11-24T09:01:00Z"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0 25 * * *         | hour "25" at position 3
                    60 * * * *         | minute "60" at position 1
                    1,2,x * * * *      | minute "x" at position 5
                    0 0 1,32 * *       | day of month "32" at position 7
                    0 0 0 * *          | day of month "0" at position 5
                    0 0 * 13 *         | month "13" at position 7
                    0 0 * FEBRUARY *   | month "FEBRUARY" at position 7
                    0 0 * * 8          | day of week "8" at position 9
                    0 0 * * MON#1      | day of week "MON#1" at position 9
                    0 0 L * *          | day of month "L" at position 5
                    0 0 ? * *          | day of month "?" at position 5
                    */0 * * * *        | minute "*/0" at position 1
                    */99 * * * *       | minute "*/99" at position 1
                    /5 * * * *         | minute "/5" at position 1
                    30-10 * * * *      | minute "30-10" at position 1
                    1,,2 * * * *       | minute "" at position 3
                    -1 * * * *         | minute "-1" at position 1
                    0  99999999999 * * * | hour "99999999999" at position 4
                    ٣ * * * *          | minute "٣" at position 1
                    0 0 31 2,4,6 *     | day of month "31" at position 5 never comes in month "2,4,6"
                    * * * *            | has 4 fields, 5 are needed
                    0 * * * * *        | has 6 fields, 5 are needed
                    @reboot            | has 1 fields, 5 are needed
                    ''                 | has 0 fields, 5 are needed""")
    void aBadLineIsRefusedWithFieldValueAndPosition(String line, String refusal) {
        assertThatThrownBy(() -> Cron.of(line, "UTC"))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining(refusal)
                .satisfies(e -> assertThat(((ProblemException) e).problem()).isEqualTo(Problem.INVALID_SCHEDULE));
    }

    @Test
    void aLongLineIsRefusedAndNotRepeated() {
        var line = "0," + "1,".repeat(5_000) + "2 * * * *";
        assertThatThrownBy(() -> Cron.of(line, "UTC"))
                .hasMessageContaining("at most 200 are allowed")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Europe/Berlni", "+02:00", "UTC+2", "europe/berlin", "CEST", " ", "%s"})
    void aBadZoneIsRefusedByName(String zone) {
        assertThatThrownBy(() -> Cron.of("0 9 * * *", zone))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("timezone \"" + zone + "\"");
    }

    /** What a database keeps is what was sent. */
    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void itIsReadFromWhatIsKept(@ForAll("jobs") Vixie.Job job, @ForAll("windows") Window window) {
        var cron = Cron.of(job.line(), window.zone());
        var kept = Timetable.of(cron.kind(), cron.expression(), cron.timezone());
        var from = OffsetDateTime.parse("2026-11-24T00:00:00Z").toInstant().truncatedTo(ChronoUnit.MINUTES);
        assertThat(kept.next(from, from)).isEqualTo(cron.next(from, from));
        assertThat(Arrays.asList(kept.expression(), kept.timezone()))
                .containsExactly(cron.expression(), cron.timezone());
    }
}
