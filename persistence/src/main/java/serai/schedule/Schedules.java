// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import serai.function.Definition;
import serai.id.NewId;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** What runs by the clock: declared with a definition, in effect with a deployment, looked at by people. */
@ApplicationScoped
@Transactional
public class Schedules {
    static final String SELECT = """
            select s.*, a.name as app_name, f.name as function_name
            from schedule s join app a on a.id = s.app_id join function f on f.id = s.function_id
            """;

    static final RowMapper<Schedule> SCHEDULE = (row, context) -> new Schedule(
            row.getString("id"),
            row.getString("workspace_id"),
            row.getString("environment_id"),
            row.getString("app_id"),
            row.getString("app_name"),
            row.getString("function_id"),
            row.getString("function_name"),
            row.getString("definition_id"),
            timetable(row),
            instant(row, "since"),
            instant(row, "next_at"),
            instant(row, "paused_at"),
            instant(row, "resumed_at"),
            instant(row, "ended_at"),
            instant(row, "created_at"));

    private static final RowMapper<Firing> FIRING = (row, context) -> new Firing(
            row.getString("schedule_id"),
            instant(row, "slot"),
            instant(row, "fired_at"),
            row.getBoolean("late"),
            Firing.Outcome.valueOf(row.getString("outcome")),
            row.getString("call_id"),
            row.getString("reason"));

    private final EntityManager em;
    private final Jdbi jdbi;

    @Inject
    public Schedules(EntityManager em, Jdbi jdbi) {
        this.em = em;
        this.jdbi = jdbi;
    }

    public Schedules() {
        this(null, null); // for the server's proxy
    }

    private static Timetable timetable(ResultSet row) throws SQLException {
        return Timetable.of(
                Timetable.Kind.valueOf(row.getString("kind")), row.getString("expression"), row.getString("timezone"));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        var timestamp = row.getTimestamp(column);
        return timestamp == null ? null : timestamp.toInstant();
    }

    /**
     * The definition wants to be called by the clock. Call it in the transaction that makes the definition; it takes
     * effect by {@link #follow} when the definition is deployed.
     */
    public void declare(Definition definition, Timetable timetable, Arguments arguments) {
        em.flush(); // the definition's row has to be there
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into timetable (definition_id, kind, expression, timezone, payload, invocation)
                        values (:definition, :kind, :expression, :timezone, :payload, :invocation)""")
                .bind("definition", definition.id())
                .bind("kind", timetable.kind().name())
                .bind("expression", timetable.expression())
                .bind("timezone", timetable.timezone())
                .bind("payload", arguments.payload())
                .bind("invocation", arguments.invocation())
                .execute());
    }

    /** A definition that repeats another one is called at the same times, with the same. */
    public void repeat(Definition former, Definition definition) {
        em.flush(); // the definition's row has to be there
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into timetable (definition_id, kind, expression, timezone, payload, invocation)
                        select :definition, kind, expression, timezone, payload, invocation
                        from timetable where definition_id = :former""")
                .bind("definition", definition.id())
                .bind("former", former.id())
                .execute());
    }

    /**
     * Brings the app's schedules to what its present publication says. A deployed function with a timetable has one, which
     * keeps its id and its pause over deployments and begins anew with each definition; all others end. May be repeated.
     */
    public void follow(String appId, Instant now) {
        var at = now.truncatedTo(ChronoUnit.MICROS);
        jdbi.useHandle(handle -> {
            handle.execute(
                    "select 1 from app where id = ? for no key update", appId); // a publication beside this one counts
            handle.createQuery("select id from schedule where app_id = :app order by id for update")
                    .bind("app", appId)
                    .mapTo(String.class)
                    .list();
            end(
                    handle,
                    appId,
                    at,
                    "and not exists (select 1 from wanted w where w.function_id = schedule.function_id)");
            handle.createQuery("with " + WANTED + """
                            select w.* from wanted w where not exists (
                                select 1 from schedule s where s.function_id = w.function_id
                                    and s.definition_id = w.definition_id and s.ended_at is null) order by w.function_id""")
                    .bind("app", appId)
                    .map((row, context) ->
                            new Wanted(row.getString("function_id"), row.getString("definition_id"), timetable(row)))
                    .list()
                    .forEach(wanted -> begin(handle, wanted, at));
        });
    }

    private static final String WANTED = """
            wanted as (
                select o.object_id as function_id, t.*
                from app a join app_object o on o.app_id = a.id and o.version = a.version and o.kind = 'FUNCTION'
                join timetable t on t.definition_id = o.definition_id
                where a.id = :app and a.state = 'DEPLOYED')
            """;

    private record Wanted(String functionId, String definitionId, Timetable timetable) {}

    private static void begin(Handle handle, Wanted wanted, Instant now) {
        handle.createUpdate("""
                        insert into schedule (id, workspace_id, environment_id, app_id, function_id, definition_id, kind,
                            expression, timezone, since, next_at)
                        select :id, workspace_id, environment_id, app_id, id, :definition, :kind, :expression, :timezone, :now,
                            cast(:next as timestamptz)
                        from function where id = :function
                        on conflict (function_id) do update set definition_id = excluded.definition_id, kind = excluded.kind,
                            expression = excluded.expression, timezone = excluded.timezone, since = excluded.since,
                            next_at = excluded.next_at, ended_at = null""")
                .bind("id", NewId.of("sc"))
                .bind("definition", wanted.definitionId())
                .bind("kind", wanted.timetable().kind().name())
                .bind("expression", wanted.timetable().expression())
                .bind("timezone", wanted.timetable().timezone())
                .bind("now", now)
                .bind("next", wanted.timetable().next(now, now).orElse(null))
                .bind("function", wanted.functionId())
                .execute();
    }

    /** The app ends, and its schedules with it. May be repeated. */
    public void end(String appId, Instant now) {
        jdbi.useHandle(handle -> end(handle, appId, now, ""));
    }

    private static void end(Handle handle, String appId, Instant now, String except) {
        handle.createUpdate("with " + WANTED + """
                        update schedule set ended_at = :now, next_at = null where app_id = :app and ended_at is null\s""" + except)
                .bind("app", appId)
                .bind("now", now)
                .execute();
    }

    /** Apps whose schedules do not say what their publication says: a server died between the two. */
    public List<String> strayed() {
        return jdbi.withHandle(
                handle -> handle.createQuery("""
                        select distinct a.id from app a
                            join app_object o on o.app_id = a.id and o.version = a.version and o.kind = 'FUNCTION'
                            join timetable t on t.definition_id = o.definition_id
                        where a.state = 'DEPLOYED' and not exists (
                            select 1 from schedule s where s.function_id = o.object_id and s.definition_id = o.definition_id
                                and s.ended_at is null)
                        union
                        select distinct s.app_id from schedule s join app a on a.id = s.app_id
                        where s.ended_at is null and not exists (
                            select 1 from app_object o where a.state = 'DEPLOYED' and o.app_id = a.id and o.version = a.version
                                and o.kind = 'FUNCTION' and o.object_id = s.function_id
                                and o.definition_id = s.definition_id)""").mapTo(String.class).list());
    }

    /** @throws serai.problem.ProblemException {@link Problem#SCHEDULE_NOT_FOUND}, also for another workspace's */
    public Schedule get(Tenant tenant, String id) {
        return jdbi.withHandle(handle -> handle.createQuery(SELECT + "where s.id = :id and s.workspace_id = :ws")
                .bind("id", id)
                .bind("ws", tenant.workspaceId())
                .map(SCHEDULE)
                .findOne()
                .orElseThrow(() -> notFound(id)));
    }

    private static serai.problem.ProblemException notFound(String id) {
        return Problem.SCHEDULE_NOT_FOUND.because("Schedule '%s' not found", id);
    }

    /**
     * Those that have not ended, by app and function.
     *
     * @param app id or name; null for any
     * @param environmentId null for any
     */
    public List<Schedule> list(Tenant tenant, String app, String environmentId, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery(SELECT + """
                        where s.workspace_id = :ws and s.ended_at is null
                            and (cast(:app as text) is null or a.id = :app or a.name = :app)
                            and (cast(:environment as text) is null or s.environment_id = :environment)
                        order by a.name, f.name, s.id limit :limit""")
                .bind("ws", tenant.workspaceId())
                .bind("app", app)
                .bind("environment", environmentId)
                .bind("limit", limit)
                .map(SCHEDULE)
                .list());
    }

    /**
     * Newest slot first.
     *
     * @param before only older slots; null for all
     */
    public List<Firing> firings(Schedule schedule, Instant before, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select * from firing where schedule_id = :schedule
                            and (cast(:before as timestamptz) is null or slot < cast(:before as timestamptz))
                        order by slot desc limit :limit""")
                .bind("schedule", schedule.id())
                .bind("before", before)
                .bind("limit", limit)
                .map(FIRING)
                .list());
    }

    /** From now on nothing fires. A pause that is under way goes on. It outlasts deployments. */
    public Schedule pause(Tenant tenant, String id, Instant now) {
        return change(tenant, id, now, "set paused_at = :now, resumed_at = null where not (%s)");
    }

    /**
     * Ends a pause, if there is one. Of the slots that it covered the newest fires, late; the others are recorded as
     * skipped.
     */
    public Schedule resume(Tenant tenant, String id, Instant now) {
        return change(tenant, id, now, "set resumed_at = :now where (%s)");
    }

    private Schedule change(Tenant tenant, String id, Instant now, String what) {
        return jdbi.withHandle(handle -> {
            var schedule = handle.createQuery(SELECT + "where s.id = :id and s.workspace_id = :ws for update of s")
                    .bind("id", id)
                    .bind("ws", tenant.workspaceId())
                    .map(SCHEDULE)
                    .findOne()
                    .orElseThrow(() -> notFound(id));
            mustRun(schedule);
            handle.createUpdate("update schedule " + what.formatted("paused_at is not null and resumed_at is null")
                            + " and id = :id")
                    .bind("now", now)
                    .bind("id", id)
                    .execute();
            return get(tenant, id);
        });
    }

    /** @throws serai.problem.ProblemException {@link Problem#SCHEDULE_ENDED} */
    static void mustRun(Schedule schedule) {
        if (schedule.state() == Schedule.State.ENDED) {
            throw Problem.SCHEDULE_ENDED.because(
                    "Schedule '%s' of function '%s' ended at %s",
                    schedule.id(), schedule.functionName(), schedule.endedAt());
        }
    }

    /** Forgets firings that were decided before. Their slots cannot come again: schedules only go forward. */
    public int forget(Instant before, int limit) {
        return jdbi.withHandle(handle -> handle.createUpdate("""
                        delete from firing where (schedule_id, slot) in (
                            select schedule_id, slot from firing where fired_at < :before limit :limit)""")
                .bind("before", before)
                .bind("limit", limit)
                .execute());
    }
}
