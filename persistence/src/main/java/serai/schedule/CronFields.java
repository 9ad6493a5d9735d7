// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.field.CronFieldName;
import com.cronutils.model.field.expression.Always;
import com.cronutils.model.field.expression.Between;
import com.cronutils.model.field.expression.Every;
import com.cronutils.model.field.expression.FieldExpression;
import com.cronutils.model.field.expression.On;
import com.cronutils.parser.CronParser;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.problem.Problem;
import serai.problem.ProblemException;

/**
 * The five fields of a crontab as sets of numbers. cron-utils reads them and is seen here only. Its own search for the
 * next time is not used: it leaves out what falls into a gap of the clock.
 */
final class CronFields {
    private static final int LONGEST = 200; // characters; sixty minutes by name have 170
    private static final int DAYS_OF_SEARCH = 40 * 366; // 29 February on a certain weekday comes within 40 years
    private static final int WEEK = 7;
    private static final Pattern WORD = Pattern.compile("\\S+");
    private static final Pattern ITEM = Pattern.compile("(\\*|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/[0-9]+)?");

    private static final Map<String, String> NICKNAMES = Map.of(
            "@yearly", "0 0 1 1 *",
            "@annually", "0 0 1 1 *",
            "@monthly", "0 0 1 * *",
            "@weekly", "0 0 * * 0",
            "@daily", "0 0 * * *",
            "@midnight", "0 0 * * *",
            "@hourly", "0 * * * *");

    private static final CronParser PARSER = new CronParser(CronDefinitionBuilder.defineCron()
            .withMinutes()
            .withStrictRange()
            .and()
            .withHours()
            .withStrictRange()
            .and()
            .withDayOfMonth()
            .withStrictRange()
            .and()
            .withMonth()
            .withStrictRange()
            .and()
            .withDayOfWeek() // without strict range: SAT-MON is what people mean by it
            .withValidRange(0, WEEK)
            .withMondayDoWValue(1)
            .and()
            .instance());

    private final Map<Field, BitSet> values = new EnumMap<>(Field.class);
    private final Map<Field, Boolean> stars = new EnumMap<>(Field.class);

    private CronFields() {}

    private enum Field {
        MINUTE("minute", CronFieldName.MINUTE, 0, 59),
        HOUR("hour", CronFieldName.HOUR, 0, 23),
        DAY_OF_MONTH("day of month", CronFieldName.DAY_OF_MONTH, 1, 31),
        MONTH("month", CronFieldName.MONTH, 1, 12),
        DAY_OF_WEEK("day of week", CronFieldName.DAY_OF_WEEK, 0, 6);

        final String words;
        final CronFieldName name;
        final int first;
        final int last;

        Field(String words, CronFieldName name, int first, int last) {
            this.words = words;
            this.name = name;
            this.first = first;
            this.last = last;
        }

        /** @param item one entry of this field's list, in a line whose other fields allow everything */
        String alone(String item) {
            var line = new ArrayList<>(List.of("*", "*", "*", "*", "*"));
            line.set(ordinal(), item);
            return String.join(" ", line);
        }
    }

    /** @throws ProblemException {@link Problem#INVALID_SCHEDULE}, with field, value and position from 1 */
    static CronFields parse(String expression) {
        if (expression.length() > LONGEST) {
            throw Problem.INVALID_SCHEDULE.because(
                    "cron \"%s\" has %d characters, at most %d are allowed",
                    Quote.of(expression), expression.length(), LONGEST);
        }
        var line = NICKNAMES.getOrDefault(expression.strip().toLowerCase(Locale.ROOT), expression);
        var words = WORD.matcher(line).results().toList();
        if (words.size() != Field.values().length) {
            throw Problem.INVALID_SCHEDULE.because(
                    "cron \"%s\" has %d fields, 5 are needed: minute, hour, day of month, month, day of week",
                    Quote.of(expression), words.size());
        }
        var fields = new CronFields();
        for (var field : Field.values()) {
            var word = words.get(field.ordinal());
            fields.read(field, word.group(), word.start(), line);
        }
        if (fields.from(LocalDate.EPOCH.atStartOfDay()).isEmpty()) {
            throw Problem.INVALID_SCHEDULE.because(
                    "cron \"%s\": day of month \"%s\" at position %d never comes in month \"%s\"",
                    Quote.of(line),
                    words.get(2).group(),
                    words.get(2).start() + 1,
                    words.get(3).group());
        }
        return fields;
    }

    private void read(Field field, String word, int start, String line) {
        var found = new BitSet();
        int position = start;
        for (var item : word.split(",", -1)) {
            try {
                found.or(read(field, item));
            } catch (IllegalArgumentException e) {
                throw Problem.INVALID_SCHEDULE.because(
                        "cron \"%s\": %s \"%s\" at position %d: %s",
                        Quote.of(line), field.words, Quote.of(item), position + 1, reason(e));
            }
            position += item.length() + 1;
        }
        values.put(field, found);
        stars.put(field, word.startsWith("*"));
    }

    private static String reason(IllegalArgumentException e) {
        return e.getMessage().replace("Failed to parse cron expression. ", "").strip();
    }

    private static BitSet read(Field field, String item) {
        if (!ITEM.matcher(item).matches()) {
            throw new IllegalArgumentException("a number, a name, a range or * is needed, perhaps with a step");
        }
        return numbers(
                field,
                PARSER.parse(field.alone(item))
                        .retrieveFieldsAsMap()
                        .get(field.name)
                        .getExpression());
    }

    private static BitSet numbers(Field field, FieldExpression expression) {
        return switch (expression) {
            case Every every ->
                numbers(field, every.getExpression(), every.getPeriod().getValue(), field.last);
            case Always always -> numbers(field, always, 1, field.last);
            case Between between -> numbers(field, between, 1, field.last);
            case On on -> numbers(field, on, 1, on.getTime().getValue());
            default -> throw new IllegalArgumentException("a number, a name, a range or * is needed");
        };
    }

    /** @param end of what begins with a single number */
    private static BitSet numbers(Field field, FieldExpression base, int step, int end) {
        return switch (base) {
            case Between b ->
                series(field, (int) b.getFrom().getValue(), (int) b.getTo().getValue(), step);
            case On on -> series(field, on.getTime().getValue(), end, step);
            default -> series(field, field.first, field.last, step);
        };
    }

    /** Weeks go round: Sunday is 0 and 7, and a range may pass it. */
    private static BitSet series(Field field, int from, int to, int step) {
        var numbers = new BitSet();
        boolean weekday = field == Field.DAY_OF_WEEK;
        int last = weekday && to < from ? to + WEEK : to;
        for (int number = from; number <= last; number += step) {
            numbers.set(weekday ? number % WEEK : number);
        }
        return numbers;
    }

    /** @return whether neither minute nor hour begins with {@code *}: Vixie cron's distinction */
    boolean hasFixedTime() {
        return !stars.get(Field.MINUTE) && !stars.get(Field.HOUR);
    }

    /** @return the first time at or after the given whole minute; empty if there is none in 40 years */
    Optional<LocalDateTime> from(LocalDateTime start) {
        var day = start.toLocalDate();
        var today = has(day) ? from(start.getHour(), start.getMinute()) : Optional.<int[]>empty();
        for (int days = 0; days < DAYS_OF_SEARCH; days++) {
            if (today.isPresent()) {
                return Optional.of(day.atTime(today.get()[0], today.get()[1]));
            }
            day = day.plusDays(1);
            today = has(day) ? from(0, 0) : Optional.empty();
        }
        return Optional.empty();
    }

    private Optional<int[]> from(int hour, int minute) {
        var minutes = values.get(Field.MINUTE);
        var hours = values.get(Field.HOUR);
        int rest = hours.get(hour) ? minutes.nextSetBit(minute) : -1;
        if (rest >= 0) {
            return Optional.of(new int[] {hour, rest});
        }
        int later = hours.nextSetBit(hour + 1);
        return later < 0 ? Optional.empty() : Optional.of(new int[] {later, minutes.nextSetBit(0)});
    }

    /** Two restricted day fields mean either of them, as in every cron; one that begins with {@code *} restricts the other. */
    private boolean has(LocalDate day) {
        if (!values.get(Field.MONTH).get(day.getMonthValue())) {
            return false;
        }
        boolean ofMonth = values.get(Field.DAY_OF_MONTH).get(day.getDayOfMonth());
        boolean ofWeek = values.get(Field.DAY_OF_WEEK).get(day.getDayOfWeek().getValue() % WEEK);
        return stars.get(Field.DAY_OF_MONTH) || stars.get(Field.DAY_OF_WEEK) ? ofMonth && ofWeek : ofMonth || ofWeek;
    }
}
