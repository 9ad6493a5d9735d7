// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import serai.problem.Problem;

/**
 * A period, counted from the deployment on the calendar of UTC: its slots are the deployment plus once, twice, three
 * times the period. Each is one period after the one before; a month that is too short does not shorten the others.
 *
 * @param dates years, months, days
 * @param time hours, minutes, seconds, in whole microseconds as the database keeps them
 */
public record Every(Period dates, Duration time) implements Timetable {
    /** The schedules are looked at each second. */
    static final Duration SHORTEST = Duration.ofSeconds(1);

    static final Duration LONGEST = Duration.ofDays(100 * 366);
    private static final double MICROS = 1e6;

    public Every {
        if (length(dates, time).compareTo(SHORTEST) < 0 || length(dates, time).compareTo(LONGEST) > 0) {
            throw Problem.INVALID_SCHEDULE.because(
                    "period %s: from 1 second to 100 years are allowed", written(dates, time));
        }
    }

    /**
     * In the client protocol's units.
     *
     * @throws serai.problem.ProblemException {@link Problem#INVALID_SCHEDULE} for one that is negative, for none, and out
     *     of bounds
     */
    public static Every of(int years, int months, int weeks, int days, int hours, int minutes, double seconds) {
        notNegative("years", years);
        notNegative("months", months);
        notNegative("weeks", weeks);
        notNegative("days", days);
        notNegative("hours", hours);
        notNegative("minutes", minutes);
        notNegative("seconds", seconds);
        if (!(seconds <= LONGEST.toSeconds())) {
            throw Problem.INVALID_SCHEDULE.because(
                    "period: seconds is %s, at most %d are allowed", seconds, LONGEST.toSeconds());
        }
        try {
            return new Every(
                    Period.of(years, months, Math.addExact(Math.multiplyExact(weeks, 7), days)),
                    Duration.ofHours(hours).plusMinutes(minutes).plus(Math.round(seconds * MICROS), ChronoUnit.MICROS));
        } catch (ArithmeticException e) {
            throw Problem.INVALID_SCHEDULE.because(
                    "period: %d weeks and %d days are too many: from 1 second to 100 years are allowed", weeks, days);
        }
    }

    private static void notNegative(String field, double value) {
        if (value < 0 || Double.isNaN(value)) {
            throw Problem.INVALID_SCHEDULE.because("period: %s is %s, it must not be negative", field, plain(value));
        }
    }

    private static String plain(double value) {
        return value == Math.rint(value) && !Double.isInfinite(value)
                ? String.valueOf((long) value)
                : String.valueOf(value);
    }

    /**
     * @param text ISO 8601, say {@code P1M} or {@code P1DT2H0.5S}
     * @throws serai.problem.ProblemException {@link Problem#INVALID_SCHEDULE}, with the position from 1 of what cannot be
     *     read
     */
    public static Every of(String text) {
        int clock = text.indexOf('T');
        var dates = clock < 0 ? text : text.substring(0, clock);
        try {
            var period = clock == 1 && dates.equals("P") ? Period.ZERO : Period.parse(dates);
            var time = clock < 0 ? Duration.ZERO : Duration.parse("P" + text.substring(clock));
            if (period.isNegative() || time.isNegative()) {
                throw Problem.INVALID_SCHEDULE.because("period \"%s\" must not be negative", Quote.of(text));
            }
            return new Every(period, time.truncatedTo(ChronoUnit.MICROS));
        } catch (DateTimeParseException e) {
            boolean inDates = e.getParsedString().equals(dates) && clock != 1;
            throw Problem.INVALID_SCHEDULE.because(
                    "period \"%s\" cannot be read at position %d: ISO 8601 is needed, say P1M or PT1H30M",
                    Quote.of(text), inDates ? e.getErrorIndex() + 1 : Math.max(0, clock) + 1);
        }
    }

    @Override
    public Optional<Instant> next(Instant after, Instant since) {
        var mean = length(dates, time);
        long times = Math.max(1, Duration.between(since, after).dividedBy(mean) - 1);
        while (times > 1 && slot(since, times - 1).isAfter(after)) {
            times--;
        }
        while (!slot(since, times).isAfter(after)) {
            times++;
        }
        return Optional.of(slot(since, times));
    }

    private Instant slot(Instant since, long times) {
        return since.atOffset(ZoneOffset.UTC)
                .plusMonths(dates.toTotalMonths() * times)
                .plusDays(dates.getDays() * times)
                .plus(time.multipliedBy(times))
                .toInstant();
    }

    /** In the mean, as months differ. */
    private static Duration length(Period dates, Duration time) {
        return ChronoUnit.MONTHS
                .getDuration()
                .multipliedBy(dates.toTotalMonths())
                .plusDays(dates.getDays())
                .plus(time);
    }

    @Override
    public Kind kind() {
        return Kind.PERIOD;
    }

    @Override
    public String expression() {
        return written(dates, time);
    }

    private static String written(Period dates, Duration time) {
        if (time.isZero()) {
            return dates.toString();
        }
        return (dates.isZero() ? "P" : dates.toString()) + time.toString().substring(1);
    }

    @Override
    public String timezone() {
        return "UTC";
    }
}
