// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Vixie cron's main loop, minute by minute, as its cron.c has it: what the clock left out is made up for where the job has
 * a fixed time, what it shows again is shown to wildcard jobs only, and changes of three hours are taken for a clock that
 * was set. Slow and plain: it is what {@link Cron} is compared with.
 */
record Vixie(Job job, ZoneId zone) {
    private static final long THREE_HOURS = 180;

    /** A crontab line by its sets; weekdays from 0, Sunday. */
    record Job(
            String line,
            Set<Integer> minutes,
            Set<Integer> hours,
            Set<Integer> days,
            Set<Integer> months,
            Set<Integer> weekdays) {
        String field(int index) {
            return line.split(" ")[index];
        }

        boolean isWild() {
            return field(0).startsWith("*") || field(1).startsWith("*");
        }

        boolean at(LocalDateTime t) {
            boolean day = days.contains(t.getDayOfMonth());
            boolean weekday = weekdays.contains(t.getDayOfWeek().getValue() % 7);
            boolean either = field(2).startsWith("*") || field(4).startsWith("*") ? day && weekday : day || weekday;
            return minutes.contains(t.getMinute())
                    && hours.contains(t.getHour())
                    && months.contains(t.getMonthValue())
                    && either;
        }
    }

    /** @return slots after the first and up to the last, each once */
    List<Instant> slots(Instant first, Instant last) {
        var slots = new TreeSet<Instant>();
        var virtual = LocalDateTime.ofInstant(first, zone).truncatedTo(ChronoUnit.MINUTES);
        var minute = first.truncatedTo(ChronoUnit.MINUTES).plus(1, ChronoUnit.MINUTES);
        for (; !minute.isAfter(last); minute = minute.plus(1, ChronoUnit.MINUTES)) {
            var running = LocalDateTime.ofInstant(minute, zone);
            long jump = ChronoUnit.MINUTES.between(virtual, running);
            if (jump > 0 && jump <= THREE_HOURS) {
                if (job.isWild() && job.at(running)) {
                    slots.add(minute);
                }
                for (; virtual.isBefore(running); virtual = virtual.plusMinutes(1)) {
                    if (!job.isWild() && job.at(virtual.plusMinutes(1))) {
                        slots.add(minute);
                    }
                }
            } else if (jump <= 0 && jump > -THREE_HOURS) {
                if (job.isWild() && job.at(running)) {
                    slots.add(minute);
                }
            } else {
                virtual = running;
                if (job.at(running)) {
                    slots.add(minute);
                }
            }
        }
        return new ArrayList<>(slots);
    }
}
