// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneRules;
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

        /** @param local minutes of the wall clock since 1970 */
        boolean at(long local) {
            if (!minutes.contains((int) Math.floorMod(local, 60L))
                    || !hours.contains((int) Math.floorMod(local / 60, 24L))) {
                return false;
            }
            var date = LocalDate.ofEpochDay(Math.floorDiv(local, 1440L));
            boolean day = days.contains(date.getDayOfMonth());
            boolean weekday = weekdays.contains(date.getDayOfWeek().getValue() % 7);
            boolean either = field(2).startsWith("*") || field(4).startsWith("*") ? day && weekday : day || weekday;
            return months.contains(date.getMonthValue()) && either;
        }
    }

    /** @return slots after the first and up to the last, each once */
    List<Instant> slots(Instant first, Instant last) {
        var rules = zone.getRules();
        boolean wild = job.isWild();
        var slots = new TreeSet<Instant>();
        var minute = first.truncatedTo(ChronoUnit.MINUTES);
        long virtual = local(rules, minute);
        for (minute = minute.plusSeconds(60); !minute.isAfter(last); minute = minute.plusSeconds(60)) {
            long running = local(rules, minute);
            long jump = running - virtual;
            if (jump > 0 && jump < THREE_HOURS) {
                if (wild && job.at(running)) {
                    slots.add(minute);
                }
                for (; virtual < running; virtual++) {
                    if (!wild && job.at(virtual + 1)) {
                        slots.add(minute);
                    }
                }
            } else if (jump <= 0 && jump > -THREE_HOURS) {
                if (wild && job.at(running)) {
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

    private static long local(ZoneRules rules, Instant minute) {
        return Math.floorDiv(minute.getEpochSecond() + rules.getOffset(minute).getTotalSeconds(), 60L);
    }
}
