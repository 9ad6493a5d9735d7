// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import serai.app.App;
import serai.id.NewId;
import serai.problem.Problem;
import serai.replay.Replays;
import serai.signal.Signals;
import serai.signal.Topic;
import serai.workspace.Tenant;

/** The callers' side of the queue: inputs in, outputs out. An input is acknowledged when it is committed. */
@ApplicationScoped
public class Calls {
    private static final RowMapper<FunctionCall> CALL = (row, context) -> new FunctionCall(
            row.getString("id"),
            row.getString("workspace_id"),
            row.getString("app_id"),
            row.getString("function_id"),
            FunctionCall.Kind.valueOf(row.getString("kind")),
            row.getInt("invocation"),
            row.getInt("inputs"),
            row.getInt("outputs"),
            row.getTimestamp("created_at").toInstant());

    /** Of a call {@code c}, from its inputs and outputs: the worst that happened, once everything has happened. */
    private static final String STATE = """
            case when c.inputs > 0 and c.outputs >= c.inputs then
                case when exists (select 1 from output o where o.call_id = c.id and o.status not in ('SUCCESS', 'TERMINATED'))
                        then 'FAILED'
                    when exists (select 1 from output o where o.call_id = c.id and o.status = 'TERMINATED') then 'CANCELLED'
                    else 'SUCCEEDED' end
                when c.outputs > 0
                    or exists (select 1 from input i where i.call_id = c.id and i.state = 'RUNNING') then 'RUNNING'
                else 'PENDING' end""";

    private static final RowMapper<CallProgress> PROGRESS = (row, context) ->
            new CallProgress(CALL.map(row, context), CallProgress.State.valueOf(row.getString("state")));

    static final RowMapper<Output> OUTPUT = (row, context) -> new Output(
            row.getInt("ordinal"),
            row.getString("input_id"),
            row.getInt("idx"),
            Outcome.valueOf(row.getString("status")),
            row.getBytes("content"),
            row.getString("reason"));

    private final Jdbi jdbi;
    private final Signals signals;

    @Inject
    public Calls(Jdbi jdbi, Signals signals) {
        this.jdbi = jdbi;
        this.signals = signals;
    }

    public Calls() {
        this(null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_FOUND}, also for another workspace's */
    public Target target(Tenant tenant, String functionId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select f.id, f.name, f.workspace_id, f.environment_id, f.app_id, f.definition_id, a.state, d.retries,
                            d.serves, p.id as pool_id
                        from function f join app a on a.id = f.app_id
                        left join definition d on d.id = f.definition_id
                        left join pool p on p.function_id = f.id and p.definition_id = d.id and p.state = 'ACTIVE'
                            and p.rank = 0
                        where f.id = :id and f.workspace_id = :ws""")
                .bind("id", functionId)
                .bind("ws", tenant.workspaceId())
                .map((row, context) -> new Target(
                        row.getString("id"),
                        row.getString("name"),
                        row.getString("workspace_id"),
                        row.getString("environment_id"),
                        row.getString("app_id"),
                        App.State.valueOf(row.getString("state")),
                        row.getString("definition_id"),
                        row.getString("pool_id"),
                        row.getInt("retries"),
                        row.getBoolean("serves")))
                .findOne()
                .orElseThrow(() -> Problem.FUNCTION_NOT_FOUND.because("Function '%s' not found", functionId)));
    }

    /** Starts a call, with its first inputs if there are any. */
    @Transactional
    public Started start(Target target, NewCall call, List<NewInput> inputs) {
        var id = NewId.of("fc");
        var ids = jdbi.withHandle(handle -> {
            handle.createUpdate("""
                            insert into function_call (id, workspace_id, environment_id, app_id, function_id, kind, invocation,
                                parent_input_id, inputs)
                            values (:id, :ws, :environment, :app, :function, :kind, :invocation, :parent, :inputs)""")
                    .bind("id", id)
                    .bind("ws", target.workspaceId())
                    .bind("environment", target.environmentId())
                    .bind("app", target.appId())
                    .bind("function", target.functionId())
                    .bind("kind", call.kind().name())
                    .bind("invocation", call.invocation())
                    .bind("parent", call.parentInputId())
                    .bind("inputs", inputs.size())
                    .execute();
            return insert(handle, target, id, inputs);
        });
        announce(target, inputs);
        return new Started(id, ids);
    }

    /**
     * Starts a call with its only input, as most calls are: one statement, one round trip, no transaction around it.
     *
     * @param as the ids that the call and its input get
     * @param answer kept with them, so that the request is done once; empty if it has no key
     * @param target may have been looked up some time ago
     * @return whether the target is still what it was: if not, nothing was done
     * @throws serai.problem.ProblemException {@link Problem#REQUEST_REPEATED}: the same request was answered before
     */
    public boolean startOne(Target target, NewCall call, NewInput input, Started as, Optional<Replays.Answer> answer) {
        int started = jdbi.withHandle(handle -> handle.createUpdate(answer.isPresent() ? START_ONCE : START)
                .bindMap(answer.map(Replays.Answer::parameters).orElse(Map.of()))
                .bind("id", as.callId())
                .bind("ws", target.workspaceId())
                .bind("environment", target.environmentId())
                .bind("app", target.appId())
                .bind("function", target.functionId())
                .bind("kind", call.kind().name())
                .bind("invocation", call.invocation())
                .bind("parent", call.parentInputId())
                .bind("input", as.inputIds().getFirst())
                .bind("idx", input.idx())
                .bind("pool", target.poolId())
                .bind("method", input.method())
                .bind("content", input.payload())
                .execute());
        if (started == 0) {
            if (isCurrent(target)) {
                throw Replays.repeated();
            }
            return false;
        }
        announce(target, List.of(input));
        return true;
    }

    private boolean isCurrent(Target target) {
        return jdbi.withHandle(handle -> handle.createQuery("select exists (%s)".formatted(CURRENT))
                .bind("pool", target.poolId())
                .mapTo(Boolean.class)
                .one());
    }

    /** The pool of a target, if inputs of its function go there still. */
    private static final String CURRENT = """
            select p.id from pool p
            join function f on f.id = p.function_id and f.definition_id = p.definition_id join app a on a.id = f.app_id
            where p.id = :pool and p.state = 'ACTIVE' and a.state not in ('STOPPING', 'STOPPED')""";

    private static final String START_ONE = """
            with target as (%s),
            kept as (%s),
            begun as (
                insert into function_call (id, workspace_id, environment_id, app_id, function_id, kind, invocation,
                    parent_input_id, inputs)
                select :id, :ws, :environment, :app, :function, :kind, :invocation, :parent, 1 from kept returning id),
            arrived as (
                insert into input (id, call_id, idx, app_id, pool_id, method, state)
                select :input, id, :idx, :app, :pool, :method, 'PENDING' from begun returning id)
            insert into input_payload (input_id, content) select id, :content from arrived""";

    private static final String START_ONCE = START_ONE.formatted(CURRENT, Replays.KEPT);
    private static final String START = START_ONE.formatted(CURRENT, "select 1 from target");

    /** Adds inputs to a call that is under way. */
    @Transactional
    public List<String> add(Target target, FunctionCall call, List<NewInput> inputs) {
        var ids = jdbi.withHandle(handle -> {
            handle.createUpdate("update function_call set inputs = inputs + :n where id = :id")
                    .bind("n", inputs.size())
                    .bind("id", call.id())
                    .execute();
            return insert(handle, target, call.id(), inputs);
        });
        announce(target, inputs);
        return ids;
    }

    private void announce(Target target, List<NewInput> inputs) {
        if (!inputs.isEmpty()) {
            signals.afterCommit(Topic.work(target.poolId()), inputs.size());
        }
    }

    private static List<String> insert(Handle handle, Target target, String callId, List<NewInput> inputs) {
        var ids = new ArrayList<String>(inputs.size());
        if (inputs.isEmpty()) {
            return ids;
        }
        var batch = handle.prepareBatch("""
                with arrived as (
                    insert into input (id, call_id, idx, app_id, pool_id, method, state)
                    values (:id, :call, :idx, :app, :pool, :method, 'PENDING') returning id)
                insert into input_payload (input_id, content) select id, :content from arrived""");
        for (var input : inputs) {
            var id = NewId.of("in");
            ids.add(id);
            batch.bind("id", id)
                    .bind("call", callId)
                    .bind("idx", input.idx())
                    .bind("app", target.appId())
                    .bind("pool", target.poolId())
                    .bind("method", input.method())
                    .bind("content", input.payload())
                    .add();
        }
        batch.execute();
        return ids;
    }

    /** @throws serai.problem.ProblemException {@link Problem#CALL_NOT_FOUND}, also for another workspace's */
    public FunctionCall get(Tenant tenant, String id) {
        return find(id).filter(c -> c.workspaceId().equals(tenant.workspaceId()))
                .orElseThrow(() -> Problem.CALL_NOT_FOUND.because("FunctionCall '%s' not found", id));
    }

    public Optional<FunctionCall> find(String id) {
        return jdbi.withHandle(handle -> handle.createQuery("select * from function_call where id = :id")
                .bind("id", id)
                .map(CALL)
                .findOne());
    }

    /**
     * Newest first.
     *
     * @param after the last call of the page before; empty for the first page
     */
    public List<CallProgress> list(Tenant tenant, Filter filter, Optional<Position> after, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select * from (
                            select c.*, %s as state from function_call c
                            where c.workspace_id = :ws
                                and (:function = '' or c.function_id = :function) and (:app = '' or c.app_id = :app)
                                and (cast(:at as timestamptz) is null or (c.created_at, c.id) < (cast(:at as timestamptz), :id))
                            ) listed
                        where (:state = '' or state = :state) order by created_at desc, id desc limit :limit""".formatted(STATE))
                .bind("ws", tenant.workspaceId())
                .bind("function", filter.functionId())
                .bind("app", filter.appId())
                .bind("state", filter.state().map(Enum::name).orElse(""))
                .bind("at", after.map(p -> p.createdAt().toString()).orElse(null))
                .bind("id", after.map(Position::callId).orElse(""))
                .bind("limit", limit)
                .map(PROGRESS)
                .list());
    }

    /** @throws serai.problem.ProblemException {@link Problem#CALL_NOT_FOUND}, also for another workspace's */
    public CallProgress progress(Tenant tenant, String id) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select c.*, %s as state from function_call c where c.id = :id and c.workspace_id = :ws"
                                .formatted(STATE))
                .bind("id", id)
                .bind("ws", tenant.workspaceId())
                .map(PROGRESS)
                .findOne()
                .orElseThrow(() -> Problem.CALL_NOT_FOUND.because("FunctionCall '%s' not found", id)));
    }

    /** The graph that the call is part of, in the order in which its calls began. */
    public CallGraph graph(Tenant tenant, String id, int limit) {
        get(tenant, id);
        return jdbi.withHandle(handle -> {
            var calls = handle.createQuery(GRAPH)
                    .bind("call", id)
                    .bind("limit", limit + 1)
                    .map((row, context) -> new CallGraph.Call(
                            row.getString("id"), row.getString("function_id"), row.getString("parent_input_id")))
                    .list();
            var shown = calls.stream().limit(limit).toList();
            var inputs = handle.createQuery("""
                            select i.id, i.call_id, i.container_id, o.status from input i
                            left join output o on o.input_id = i.id
                            where i.call_id = any(:calls) order by i.seq limit :limit""")
                    .bindArray(
                            "calls",
                            String.class,
                            shown.stream().map(CallGraph.Call::id).toList())
                    .bind("limit", limit + 1)
                    .map((row, context) -> new CallGraph.Node(
                            row.getString("id"),
                            row.getString("call_id"),
                            row.getString("container_id"),
                            Optional.ofNullable(row.getString("status")).map(Outcome::valueOf)))
                    .list();
            return new CallGraph(
                    shown, inputs.stream().limit(limit).toList(), calls.size() > limit || inputs.size() > limit);
        });
    }

    /** Up to the call that has no parent, or whose parent is forgotten, and down to all that came of it. */
    private static final String GRAPH = """
            with recursive up as (
                select id, parent_input_id, 0 as height from function_call where id = :call
                union all
                select c.id, c.parent_input_id, height + 1 from up
                join input i on i.id = up.parent_input_id join function_call c on c.id = i.call_id),
            graph as (
                (select id from up order by height desc limit 1)
                union all
                select c.id from graph join input i on i.call_id = graph.id join function_call c on c.parent_input_id = i.id)
            select c.id, c.function_id, c.parent_input_id
            from (select id from graph limit :limit) shown join function_call c on c.id = shown.id order by c.created_at""";

    /** What became of the call's input with that number so far; empty while there is none. */
    public Optional<InputProgress> input(String callId, int idx) {
        return jdbi.withHandle(handle -> handle.createQuery("select * from input where call_id = :call and idx = :idx")
                .bind("call", callId)
                .bind("idx", idx)
                .map((row, context) -> new InputProgress(
                        row.getString("id"),
                        InputProgress.State.valueOf(row.getString("state")),
                        row.getString("pool_id"),
                        row.getString("container_id"),
                        row.getInt("attempt"),
                        row.getInt("retries"),
                        row.getInt("losses"),
                        instant(row.getTimestamp("available_at")),
                        instant(row.getTimestamp("created_at")),
                        instant(row.getTimestamp("claimed_at")),
                        instant(row.getTimestamp("finished_at"))))
                .findFirst());
    }

    /** The input of the call that is not finished and was given first; empty once all are. */
    public Optional<Integer> firstOpen(String callId) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select idx from input where call_id = :call and state in ('PENDING', 'RUNNING') order by idx limit 1")
                .bind("call", callId)
                .mapTo(Integer.class)
                .findFirst());
    }

    private static Instant instant(java.sql.Timestamp timestamp) {
        return timestamp == null ? null : timestamp.toInstant();
    }

    /** Results after a position, in order of completion. */
    public List<Output> outputsAfter(String callId, int ordinal, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select * from output where call_id = :call and ordinal > :after order by ordinal limit :limit")
                .bind("call", callId)
                .bind("after", ordinal)
                .bind("limit", limit)
                .map(OUTPUT)
                .list());
    }

    /** Results of the inputs with these numbers. */
    public List<Output> outputsBetween(String callId, int firstIdx, int lastIdx, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select * from output where call_id = :call and idx between :first and :last
                        order by ordinal limit :limit""")
                .bind("call", callId)
                .bind("first", firstIdx)
                .bind("last", lastIdx)
                .bind("limit", limit)
                .map(OUTPUT)
                .list());
    }

    /** Forgets calls that nobody will ask for again: those begun before the given time, with all that belongs to them. */
    @Transactional
    public int forget(Instant begunBefore, int limit) {
        return jdbi.withHandle(handle -> {
            int gone = 0;
            for (var batch : FORGET) {
                gone = handle.createUpdate(batch)
                        .bind("before", java.sql.Timestamp.from(begunBefore))
                        .bind("limit", limit)
                        .execute();
                if (gone == limit) {
                    break;
                }
            }
            return gone;
        });
    }

    private static final String OVER =
            "(select id from function_call where created_at < :before and outputs >= inputs order by created_at limit :limit)";

    /** What a call has first: it may have millions of it. */
    private static final List<String> FORGET = List.of(
            "delete from input where id in (select i.id from input i join " + OVER
                    + " c on c.id = i.call_id limit :limit)",
            "delete from output where (call_id, ordinal) in (select o.call_id, o.ordinal from output o join " + OVER
                    + " c on c.id = o.call_id limit :limit)",
            "delete from data_chunk where (call_id, direction, ordinal) in (select d.call_id, d.direction, d.ordinal from data_chunk d join "
                    + OVER + " c on c.id = d.call_id limit :limit)",
            "delete from function_call where id in " + OVER);

    /**
     * How a call begins.
     *
     * @param parentInputId the input whose function makes this call; null for a client's own
     */
    public record NewCall(FunctionCall.Kind kind, int invocation, String parentInputId) {}

    /** Which calls to list; empty texts let everything through. */
    public record Filter(String appId, String functionId, Optional<CallProgress.State> state) {}

    /** Where a page of the list ended. */
    public record Position(Instant createdAt, String callId) {}

    /** @return when its last input so far was finished; empty if none was */
    public Optional<Instant> lastFinish(String callId) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select max(finished_at) as at from input where call_id = :call")
                        .bind("call", callId)
                        .map((row, context) -> Optional.ofNullable(row.getTimestamp("at")))
                        .one()
                        .map(java.sql.Timestamp::toInstant));
    }

    /** @param inputIds in the order of the inputs */
    public record Started(String callId, List<String> inputIds) {
        /** Ids for a call with one input. */
        public static Started one() {
            return new Started(NewId.of("fc"), List.of(NewId.of("in")));
        }
    }
}
