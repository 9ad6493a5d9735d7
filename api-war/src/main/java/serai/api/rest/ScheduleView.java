// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import java.util.Locale;
import serai.schedule.Schedule;

/**
 * A schedule.
 *
 * @param kind {@code cron} or {@code period}
 * @param expression five fields of a crontab, or an ISO 8601 period
 * @param since when the timetable took effect; a period counts from there
 * @param nextAt the next slot; null while it is paused, and after its end
 * @param pausedAt null unless it is paused
 */
public record ScheduleView(
        String id,
        String app,
        String appName,
        String function,
        String functionName,
        String environment,
        String kind,
        String expression,
        String timezone,
        Schedule.State state,
        Instant since,
        Instant nextAt,
        Instant pausedAt,
        Instant endedAt,
        Instant createdAt) {

    static ScheduleView of(Schedule schedule, String environment) {
        boolean paused = schedule.state() == Schedule.State.PAUSED;
        return new ScheduleView(
                schedule.id(),
                schedule.appId(),
                schedule.appName(),
                schedule.functionId(),
                schedule.functionName(),
                environment,
                schedule.timetable().kind().name().toLowerCase(Locale.ROOT),
                schedule.timetable().expression(),
                schedule.timetable().timezone(),
                schedule.state(),
                schedule.since(),
                paused ? null : schedule.nextAt(),
                paused ? schedule.pausedAt() : null,
                schedule.endedAt(),
                schedule.createdAt());
    }
}
