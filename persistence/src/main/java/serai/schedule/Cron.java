// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneRulesProvider;
import java.util.Optional;
import serai.problem.Problem;

/**
 * Five fields of a crontab, on the clock of one time zone. When that clock is changed, it does what Vixie cron does. A
 * job whose minute or hour begins with {@code *} runs whenever the clock shows a time of its own: what is left out does
 * not run, what is shown twice runs twice. Any other job has a fixed time: what is left out runs once, right after the
 * gap; what is shown twice runs at the first of the two.
 */
public final class Cron implements Timetable {
    /** A longer one is a change of zone: Vixie cron takes it for a clock that was set, and fires nothing for it. */
    private static final Duration LONGEST_GAP = Duration.ofHours(3);

    private final String expression;
    private final ZoneId zone;
    private final CronFields fields;

    private Cron(String expression, ZoneId zone, CronFields fields) {
        this.expression = expression;
        this.zone = zone;
        this.fields = fields;
    }

    /**
     * @param expression five fields with numbers, names, lists, ranges and steps, or a nickname as {@code @daily}
     * @param timezone IANA name; empty for UTC
     * @throws serai.problem.ProblemException {@link Problem#INVALID_SCHEDULE}, with field, value and position
     */
    public static Cron of(String expression, String timezone) {
        var name = timezone.isEmpty() ? "UTC" : timezone;
        if (!ZoneRulesProvider.getAvailableZoneIds().contains(name)) {
            throw Problem.INVALID_SCHEDULE.because(
                    "timezone \"%s\" of cron \"%s\": a name of the IANA time zone database is needed, say Europe/Berlin",
                    Quote.of(name), Quote.of(expression));
        }
        return new Cron(expression.strip(), ZoneId.of(name), CronFields.parse(expression));
    }

    @Override
    public Optional<Instant> next(Instant after, Instant since) {
        var from = after.isBefore(since) ? since : after;
        return fields.hasFixedTime() ? nextFixed(from) : nextShown(from);
    }

    private Optional<Instant> nextFixed(Instant after) {
        var local = LocalDateTime.ofInstant(after, zone).truncatedTo(ChronoUnit.MINUTES);
        for (var found = fields.from(local); found.isPresent(); found = fields.from(local)) {
            var slot = onceOnly(found.get()).filter(instant -> instant.isAfter(after));
            if (slot.isPresent()) {
                return slot;
            }
            local = found.get().plusMinutes(1);
        }
        return Optional.empty();
    }

    /** Later local times never have earlier answers, which is why the first answer that is late enough is the next one. */
    private Optional<Instant> onceOnly(LocalDateTime local) {
        var rules = zone.getRules();
        var offsets = rules.getValidOffsets(local);
        if (!offsets.isEmpty()) {
            return Optional.of(local.toInstant(offsets.getFirst()));
        }
        var gap = rules.getTransition(local);
        return gap.getDuration().compareTo(LONGEST_GAP) < 0 ? Optional.of(gap.getInstant()) : Optional.empty();
    }

    private Optional<Instant> nextShown(Instant after) {
        var rules = zone.getRules();
        var start = after;
        var earliest = LocalDateTime.ofInstant(after, zone)
                .truncatedTo(ChronoUnit.MINUTES)
                .plusMinutes(1);
        while (true) {
            var found = fields.from(earliest);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            var slot = found.get().toInstant(rules.getOffset(start));
            var change = rules.nextTransition(start);
            if (change == null || slot.isBefore(change.getInstant())) {
                return Optional.of(slot);
            }
            start = change.getInstant();
            earliest = ceiling(change.getDateTimeAfter());
        }
    }

    private static LocalDateTime ceiling(LocalDateTime local) {
        var minute = local.truncatedTo(ChronoUnit.MINUTES);
        return minute.equals(local) ? minute : minute.plusMinutes(1);
    }

    @Override
    public Kind kind() {
        return Kind.CRON;
    }

    @Override
    public String expression() {
        return expression;
    }

    @Override
    public String timezone() {
        return zone.getId();
    }

    @Override
    public String toString() {
        return expression + " " + zone;
    }
}
