// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import serai.app.App;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.NewInput;
import serai.call.Target;
import serai.function.Functions;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.workspace.Tenant;

/**
 * From a slot to a call. The firing's row, the call with its input, and the schedule's next slot are one transaction:
 * who comes second finds the row, and who dies leaves nothing.
 */
@ApplicationScoped
public class Firings {
    private static final String NOBODY_LOOKED = "No server fired it in time";
    private static final String PAUSED = "The schedule was paused";
    private static final String BY_HAND = "Fired by hand";

    private static final String HOLD_APP =
            "select 1 from app where id = (select app_id from schedule where id = ?) for share";

    private final Jdbi jdbi;
    private final Calls calls;
    private final Functions functions;
    private final Pools pools;

    @Inject
    public Firings(Jdbi jdbi, Calls calls, Functions functions, Pools pools) {
        this.jdbi = jdbi;
        this.calls = calls;
        this.functions = functions;
        this.pools = pools;
    }

    public Firings() {
        this(null, null, null, null); // for the server's proxy
    }

    /** Ids of schedules with a slot up to now, the oldest first. Another server may be about them already. */
    @Transactional
    public List<String> due(Instant now, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select id from schedule where next_at <= :now and ended_at is null
                            and (paused_at is null or resumed_at is not null)
                        order by next_at, id limit :limit""")
                .bind("now", now)
                .bind("limit", limit)
                .mapTo(String.class)
                .list());
    }

    /**
     * Does what is due for one schedule. Returns at once if somebody else is about it, or about its app, as a rollout is: it stays due.
     * Waits for nothing longer than the patience, and throws then.
     *
     * @param tolerance how old a slot may be that still counts as in time
     * @return ids of the calls that were made
     */
    @Transactional
    public List<String> fire(String scheduleId, Instant now, Duration tolerance, Duration patience) {
        return jdbi.withHandle(handle -> {
            handle.execute("select set_config('lock_timeout', ?, true)", patience.toMillis() + "ms");
            if (!holdsAppAtOnce(handle, scheduleId)) {
                return List.<String>of();
            }
            var locked = handle.createQuery(Schedules.SELECT + """
                            where s.id = :id and s.next_at <= :now and s.ended_at is null
                                and (s.paused_at is null or s.resumed_at is not null)
                            for update of s skip locked""")
                    .bind("id", scheduleId)
                    .bind("now", now)
                    .map(Schedules.SCHEDULE)
                    .findOne();
            if (locked.isEmpty() || !isDeployed(handle, locked.get())) {
                return List.<String>of();
            }
            return fire(handle, locked.get(), now, now.minus(tolerance));
        });
    }

    private List<String> fire(Handle handle, Schedule schedule, Instant now, Instant tooLate) {
        var due =
                Due.at(schedule.timetable(), schedule.since(), schedule.nextAt(), missedUntil(schedule, tooLate), now);
        skip(handle, schedule, due, now);
        var call = prepare(handle, schedule);
        var made = due.fire().stream()
                .map(slot -> fire(handle, call, slot, now, due.late(), due.late() ? reason(schedule, slot) : ""))
                .flatMap(Optional::stream)
                .toList();
        handle.createUpdate("update schedule set next_at = cast(:next as timestamptz) where id = :id")
                .bind("next", due.next().orElse(null))
                .bind("id", schedule.id())
                .execute();
        return made;
    }

    private static Instant missedUntil(Schedule schedule, Instant tooLate) {
        return schedule.resumedAt() != null && schedule.resumedAt().isAfter(tooLate) ? schedule.resumedAt() : tooLate;
    }

    private static String reason(Schedule schedule, Instant slot) {
        boolean paused = schedule.pausedAt() != null
                && schedule.resumedAt() != null
                && !slot.isBefore(schedule.pausedAt())
                && !slot.isAfter(schedule.resumedAt());
        return paused ? PAUSED : NOBODY_LOOKED;
    }

    private static void skip(Handle handle, Schedule schedule, Due due, Instant now) {
        if (due.skip().isEmpty()) {
            return;
        }
        var batch = handle.prepareBatch("""
                insert into firing (schedule_id, slot, fired_at, late, outcome, reason)
                values (:schedule, :slot, :now, false, 'SKIPPED', :reason) on conflict do nothing""");
        for (var slot : due.skip()) {
            boolean oldest = due.left() && slot.equals(due.skip().getFirst());
            batch.bind("schedule", schedule.id())
                    .bind("slot", slot)
                    .bind("now", now)
                    .bind(
                            "reason",
                            reason(schedule, slot) + (oldest ? "; so were older slots, which are not listed" : ""))
                    .add();
        }
        batch.execute();
    }

    /** What all calls of a schedule have in common. */
    private record Prepared(String scheduleId, Target target, Arguments arguments) {}

    private Prepared prepare(Handle handle, Schedule schedule) {
        var arguments = handle.createQuery(
                        "select payload, invocation from timetable where definition_id = :definition")
                .bind("definition", schedule.definitionId())
                .map((row, context) -> new Arguments(row.getBytes("payload"), row.getInt("invocation")))
                .one();
        return new Prepared(schedule.id(), target(schedule), arguments);
    }

    /** @return the call's id; empty if the slot has a firing */
    private Optional<String> fire(
            Handle handle, Prepared prepared, Instant slot, Instant now, boolean late, String reason) {
        int claimed = handle.createUpdate("""
                        insert into firing (schedule_id, slot, fired_at, late, outcome, reason)
                        values (:schedule, :slot, :now, :late, 'FIRED', :reason) on conflict do nothing""")
                .bind("schedule", prepared.scheduleId())
                .bind("slot", slot)
                .bind("now", now)
                .bind("late", late)
                .bind("reason", reason)
                .execute();
        if (claimed == 0) {
            return Optional.empty();
        }
        var call = call(prepared);
        handle.createUpdate("update firing set call_id = :call where schedule_id = :schedule and slot = :slot")
                .bind("call", call)
                .bind("schedule", prepared.scheduleId())
                .bind("slot", slot)
                .execute();
        return Optional.of(call);
    }

    private String call(Prepared prepared) {
        var arguments = prepared.arguments();
        return calls.start(
                        prepared.target(),
                        new Calls.NewCall(FunctionCall.Kind.UNARY, arguments.invocation(), null),
                        List.of(new NewInput(0, "", arguments.payload())))
                .callId();
    }

    /** The pool is there from the publication on, but for one that has gone since. */
    private Target target(Schedule schedule) {
        var tenant = new Tenant(schedule.workspaceId(), "");
        var target = calls.target(tenant, schedule.functionId());
        if (target.poolId() != null) {
            return target;
        }
        pools.of(functions.get(tenant, schedule.functionId()));
        return calls.target(tenant, schedule.functionId());
    }

    /** Before the schedule, as publications do: until the end of the transaction there is none, nor a stop. */
    private static void holdApp(Handle handle, String scheduleId) {
        handle.execute(HOLD_APP, scheduleId);
    }

    /** @return whether it is held, as by {@link #holdApp}; not while somebody changes the app */
    private static boolean holdsAppAtOnce(Handle handle, String scheduleId) {
        return handle.select(HOLD_APP + " skip locked", scheduleId)
                .mapTo(Integer.class)
                .findOne()
                .isPresent();
    }

    /** A stop, or a new definition, that is committed counts even before the schedule has heard of it. */
    private static boolean isDeployed(Handle handle, Schedule schedule) {
        return handle.createQuery("""
                        select a.state = :deployed and f.definition_id = :definition
                        from app a join function f on f.app_id = a.id
                        where a.id = :app and f.id = :function""")
                .bind("deployed", App.State.DEPLOYED.name())
                .bind("definition", schedule.definitionId())
                .bind("app", schedule.appId())
                .bind("function", schedule.functionId())
                .mapTo(Boolean.class)
                .one();
    }

    /**
     * Fires out of turn, also while it is paused. The slots stay as they are.
     *
     * @return the call's id
     * @throws serai.problem.ProblemException {@link Problem#SCHEDULE_NOT_FOUND}, {@link Problem#SCHEDULE_ENDED}
     */
    @Transactional
    public String fireNow(Tenant tenant, String scheduleId, Instant now) {
        return jdbi.withHandle(handle -> {
            holdApp(handle, scheduleId);
            var schedule = handle.createQuery(
                            Schedules.SELECT + "where s.id = :id and s.workspace_id = :ws for update of s")
                    .bind("id", scheduleId)
                    .bind("ws", tenant.workspaceId())
                    .map(Schedules.SCHEDULE)
                    .findOne()
                    .orElseThrow(() -> Problem.SCHEDULE_NOT_FOUND.because("Schedule '%s' not found", scheduleId));
            Schedules.mustRun(schedule);
            if (!isDeployed(handle, schedule)) {
                throw Problem.SCHEDULE_ENDED.because(
                        "Schedule '%s' of function '%s' is being replaced or its app is being stopped",
                        scheduleId, schedule.functionName());
            }
            var prepared = prepare(handle, schedule);
            var slot = now.truncatedTo(ChronoUnit.MICROS);
            var call = fire(handle, prepared, slot, now, false, BY_HAND);
            while (call.isEmpty()) { // two at the same moment, or a slot
                slot = slot.plus(1, ChronoUnit.MICROS);
                call = fire(handle, prepared, slot, now, false, BY_HAND);
            }
            return call.get();
        });
    }
}
