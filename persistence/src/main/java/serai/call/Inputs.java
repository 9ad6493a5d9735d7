// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.Query;
import serai.function.RetryPolicy;
import serai.pool.PoolId;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * The containers' side of the queue: claims, results, and what becomes of inputs whose container is lost. Statements are
 * written for one round trip each; what they lock they lock in the order call, input.
 */
@ApplicationScoped
public class Inputs {
    private static final RowMapper<Claimed> CLAIMED = (row, context) -> new Claimed(
            row.getString("id"),
            row.getString("call_id"),
            row.getInt("invocation"),
            row.getInt("attempt"),
            row.getString("method"),
            row.getBytes("content"));

    private final Jdbi jdbi;
    private final Signals signals;

    @Inject
    public Inputs(Jdbi jdbi, Signals signals) {
        this.jdbi = jdbi;
        this.signals = signals;
    }

    public Inputs() {
        this(null, null); // for the server's proxy
    }

    /**
     * The pool's oldest pending inputs, now the container's. What another claim has locked is skipped, not awaited. A
     * draining container gets none. One statement, which writes nothing when it finds nothing: containers that wait look
     * again and again.
     *
     * @param key of the request: when its answer is lost, {@link #claimedBefore} finds the same inputs again
     */
    public Look look(PoolId pool, String containerId, int limit, String key) {
        return jdbi.withHandle(handle -> look(handle.createQuery(CLAIM).bind("limit", limit), pool, containerId, key));
    }

    /** As {@link #look}, for inputs of one method, or as the container's last ones. */
    public Look look(PoolId pool, String containerId, Wish wish, String key) {
        return jdbi.withHandle(handle -> look(
                handle.createQuery(CLAIM_SOME)
                        .bind("limit", wish.limit())
                        .bind("method", wish.method().orElse(null))
                        .bind("last", wish.last()),
                pool,
                containerId,
                key));
    }

    private static Look look(Query query, PoolId pool, String containerId, String key) {
        var claimed = new ArrayList<Claimed>();
        var mayAskAgain = query.bind("container", containerId)
                .bind("pool", pool.value())
                .bind("key", key)
                .reduceResultSet(false, (asks, row, context) -> {
                    if (row.getString("id") != null) {
                        claimed.add(CLAIMED.map(row, context));
                    }
                    return row.getBoolean("may_ask_again");
                });
        return new Look(claimed, claimed.isEmpty() && !mayAskAgain);
    }

    /** Locks inputs before their container, as results do. */
    private static final String CLAIM_INPUTS = """
            with next as (
                select id from input
                where pool_id = :pool and state = 'PENDING' and available_at <= now() %s
                    and exists (select 1 from container where id = :container and state = 'ACTIVE')
                order by seq limit :limit for update skip locked),
            me as (
                select id from container where id = :container and state = 'ACTIVE' and exists (select 1 from next) for update),
            claimed as (
                update input i set state = 'RUNNING', attempt = attempt + 1, container_id = me.id,
                    claim_key = :key, claimed_at = clock_timestamp(), finished_at = null
                from next, me where i.id = next.id returning i.id, i.call_id, i.attempt, i.seq, i.method),
            busy as (
                update container set idle_since = null %s where id = :container and exists (select 1 from claimed))
            select c.id, c.call_id, c.attempt, c.method, p.content, f.invocation, coalesce(known.state in ('STARTING', 'ACTIVE'), false)
                as may_ask_again
            from (select (select state from container where id = :container)) known (state)
            left join (
                claimed c join input_payload p on p.input_id = c.id join function_call f on f.id = c.call_id) on true
            order by c.seq""";

    private static final String CLAIM = CLAIM_INPUTS.formatted("", "");

    /** All of one method: the given one, or that of the oldest. */
    private static final String CLAIM_SOME =
            CLAIM_INPUTS.formatted("""
            and method = coalesce(cast(:method as text), (
                select method from input where pool_id = :pool and state = 'PENDING' and available_at <= now()
                order by seq limit 1))""", ", state = case when :last then 'DRAINING' else state end");

    /** As {@link #look}, for whoever does not ask what comes next. */
    public List<Claimed> claim(PoolId pool, String containerId, int limit, String key) {
        return look(pool, containerId, limit, key).claimed();
    }

    /** What the container claimed with a request whose answer it did not get. */
    public List<Claimed> claimedBefore(String containerId, String key) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select i.id, i.call_id, i.attempt, i.method, p.content, f.invocation
                        from input i join input_payload p on p.input_id = i.id join function_call f on f.id = i.call_id
                        where i.container_id = :container and i.state = 'RUNNING' and i.claim_key = :key order by i.seq""")
                .bind("container", containerId)
                .bind("key", key)
                .map(CLAIMED)
                .list());
    }

    /** Takes results. Those of superseded attempts, of foreign containers, and repeated ones are refused silently. */
    @Transactional
    public void accept(String containerId, RetryPolicy policy, List<Result> results) {
        jdbi.useHandle(handle -> {
            lockCalls(handle, results);
            for (var result : results) {
                if (!retry(handle, containerId, policy, result)) {
                    finish(handle, containerId, result, (call, output) -> {});
                }
            }
        });
    }

    /**
     * Takes one result that ends its input, with the same refusals: one statement, no transaction around it.
     *
     * @param kept told of the output and its call once it is committed, before those who wait for it are woken
     */
    public void acceptFinal(String containerId, Result result, BiConsumer<String, Output> kept) {
        jdbi.useHandle(handle -> finish(handle, containerId, result, kept));
    }

    /** @return whether {@link #acceptFinal} would do for them what {@link #accept} does */
    public static boolean areFinal(RetryPolicy policy, List<Result> results) {
        return results.size() == 1 && !mayLeadToAnother(policy, results.getFirst());
    }

    private static boolean mayLeadToAnother(RetryPolicy policy, Result result) {
        return result.outcome().mayBeRetried() && policy.retries() > 0;
    }

    private static void lockCalls(Handle handle, List<Result> results) {
        lockCalls(
                handle,
                "id = any(:subjects)",
                results.stream().map(Result::inputId).toList());
    }

    /** Before their inputs, and in one order: two who want the same ones wait for each other instead of dying. */
    private static void lockCalls(Handle handle, String which, List<String> subjects) {
        handle.createQuery("""
                        select id from function_call where id in (select call_id from input where %s)
                        order by id for no key update""".formatted(which))
                .bindArray("subjects", String.class, subjects)
                .mapTo(String.class)
                .list();
    }

    /** @return whether the result leads to another attempt instead of an output */
    private boolean retry(Handle handle, String containerId, RetryPolicy policy, Result result) {
        if (!mayLeadToAnother(policy, result)) {
            return false;
        }
        var retries = handle.createQuery("""
                        select retries from input where id = :id and container_id = :container and attempt = :attempt
                            and state = 'RUNNING' and not exists (select 1 from function_call f where f.id = call_id and f.kind = 'WEB')
                        for update""")
                .bind("id", result.inputId())
                .bind("container", containerId)
                .bind("attempt", result.attempt())
                .mapTo(Integer.class)
                .findOne();
        if (retries.isEmpty() || !policy.allowsAnotherAfter(retries.get())) {
            return false;
        }
        var pool = handle.createQuery("""
                        with again as (
                            update input set state = 'PENDING', container_id = null, retries = retries + 1,
                                available_at = clock_timestamp() + :delay * interval '1 millisecond'
                            where id = :id returning pool_id),
                        idle as (%s)
                        select pool_id from again""".formatted(IDLE_WITHOUT.formatted("exists (select 1 from again)")))
                .bind("delay", policy.delayAfter(retries.get()).toMillis())
                .bind("id", result.inputId())
                .bind("container", containerId)
                .mapTo(String.class)
                .one();
        signals.afterCommit(Topic.work(pool), 1);
        return true;
    }

    private static final String IDLE_WITHOUT = """
            update container set idle_since = clock_timestamp() where id = :container and %s and not exists (
                select 1 from input where container_id = :container and (state = 'RUNNING' or cancelling) and id <> :id)""";

    private void finish(Handle handle, String containerId, Result result, BiConsumer<String, Output> kept) {
        handle.createQuery("""
                        with held as (
                            select id from function_call where id = (select call_id from input where id = :id) for no key update),
                        done as (
                            update input i set state = :state, finished_at = clock_timestamp() from held
                            where i.call_id = held.id and i.id = :id and i.container_id = :container and i.attempt = :attempt
                                and i.state = 'RUNNING'
                            returning i.id, i.call_id, i.idx),
                        counted as (
                            update function_call f set outputs = outputs + 1 from done where f.id = done.call_id
                            returning f.id, f.outputs),
                        kept as (
                            insert into output (call_id, ordinal, input_id, idx, status, content)
                            select counted.id, counted.outputs, done.id, done.idx, :status, :content from done, counted),
                        idle as (%s)
                        select done.call_id, done.idx, counted.outputs from done, counted""".formatted(IDLE_WITHOUT.formatted("exists (select 1 from done)")))
                .bind("state", finalState(result.outcome()))
                .bind("id", result.inputId())
                .bind("container", containerId)
                .bind("attempt", result.attempt())
                .bind("status", result.outcome().name())
                .bind("content", result.content())
                .map((row, context) -> Map.entry(
                        row.getString("call_id"),
                        new Output(
                                row.getInt("outputs"),
                                result.inputId(),
                                row.getInt("idx"),
                                result.outcome(),
                                result.content(),
                                "")))
                .findOne()
                .ifPresentOrElse(
                        done -> {
                            kept.accept(done.getKey(), done.getValue());
                            signals.afterCommit(Topic.call(done.getKey()));
                        },
                        () -> stopped(handle, containerId, result));
    }

    private static String finalState(Outcome outcome) {
        return switch (outcome) {
            case SUCCESS -> "SUCCEEDED";
            case TERMINATED -> "CANCELLED";
            case FAILURE, TIMEOUT, INTERNAL_FAILURE -> "FAILED";
        };
    }

    /**
     * The container is lost: what it held runs again elsewhere, without counting as a retry.
     *
     * @param maxLosses after which an input fails with {@code reason} instead
     * @return how many inputs wait again
     */
    @Transactional
    public int release(String containerId, int maxLosses, String reason) {
        return jdbi.withHandle(handle -> {
            lockCalls(handle, "container_id = any(:subjects) and state = 'RUNNING'", List.of(containerId));
            conclude( // whoever sent an HTTP request decides whether it may be sent again
                    handle,
                    "container_id = any(:subjects) and state = 'RUNNING' and exists (select 1 from function_call f where f.id = call_id and f.kind = 'WEB')",
                    containerId,
                    Verdict.lost("the container was lost: " + reason));
            conclude(
                    handle,
                    "container_id = any(:subjects) and state = 'RUNNING' and losses + 1 >= " + maxLosses,
                    containerId,
                    Verdict.lost("the container was lost %d times, at last: %s".formatted(maxLosses, reason)));
            var pools = handle.createQuery("""
                            update input set state = 'PENDING', container_id = null, losses = losses + 1
                            where container_id = :container and state = 'RUNNING' returning pool_id""")
                    .bind("container", containerId)
                    .mapTo(String.class)
                    .list();
            pools.forEach(pool -> signals.afterCommit(Topic.work(pool), 1));
            return pools.size();
        });
    }

    /** Containers that have ended while an input still counts as theirs: a server died between the two. */
    public List<String> holdersThatEnded() {
        return jdbi.withHandle(
                handle -> handle.createQuery("""
                        select distinct i.container_id from input i join container c on c.id = i.container_id
                        where i.state = 'RUNNING' and c.state = 'ENDED'""").mapTo(String.class).list());
    }

    /** The pool cannot work: what waits for it gets this as its result. */
    @Transactional
    public void failPending(PoolId pool, byte[] content, String reason) {
        jdbi.useHandle(handle -> conclude(
                handle,
                "pool_id = any(:subjects) and state = 'PENDING'",
                pool.value(),
                new Verdict(Outcome.FAILURE, reason, content, 0, false)));
    }

    /** The pool is no more and has no successor: what waits for it is terminated. */
    @Transactional
    public void terminatePending(PoolId pool, String reason) {
        jdbi.useHandle(handle -> conclude(
                handle,
                "pool_id = any(:subjects) and state = 'PENDING'",
                pool.value(),
                Verdict.of(Outcome.TERMINATED, reason)));
    }

    /** The app ends: what waits or runs is terminated. */
    @Transactional
    public void terminateApp(String appId, String reason) {
        jdbi.useHandle(handle -> conclude(
                handle,
                "app_id = any(:subjects) and state in ('PENDING', 'RUNNING')",
                appId,
                Verdict.of(Outcome.TERMINATED, reason)));
    }

    /**
     * The caller gave the call up: what waits is cancelled, and what runs is too, at once. Its container is told, and
     * counts as busy until it says that it stopped. Calls that an input of it made, and waits for, are given up with it;
     * those that it has only begun go on.
     *
     * @return how many inputs were not finished
     */
    @Transactional
    public int cancel(String callId, String reason) {
        return jdbi.withHandle(handle -> cancel(handle, callId, "select cast(:root as text)", reason));
    }

    /** @param roots a query for calls, of {@code :root} */
    private int cancel(Handle handle, String root, String roots, String reason) {
        var calls = handle.createQuery(AWAITED.formatted(roots))
                .bind("root", root)
                .mapTo(String.class)
                .list();
        if (calls.isEmpty()) {
            return 0;
        }
        return conclude(
                handle, "call_id = any(:subjects) and state in ('PENDING', 'RUNNING')", calls, Verdict.givenUp(reason));
    }

    private static final String CHILDREN =
            "select id from function_call where parent_input_id = :root and " + FunctionCall.IS_AWAITED;

    /** The given calls, and what their inputs wait for. */
    private static final String AWAITED = """
            with recursive awaited (id) as (
                %%s
                union
                select c.id from awaited join input i on i.call_id = awaited.id and (i.state in ('PENDING', 'RUNNING') or i.cancelling)
                join function_call c on c.parent_input_id = i.id and c.%s)
            select id from awaited""".formatted(FunctionCall.IS_AWAITED);

    /** Containers that work on inputs of the call, although it was cancelled. */
    public Set<String> workingOnCancelled(String callId) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select container_id from input where call_id = :call and cancelling")
                        .bind("call", callId)
                        .mapTo(String.class)
                        .set());
    }

    /** Inputs that the container works on, although they were cancelled. */
    @Transactional(Transactional.TxType.SUPPORTS) // one statement, on the path of every heartbeat
    public List<String> cancelled(String containerId) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select id from input where container_id = :container and cancelling")
                        .bind("container", containerId)
                        .mapTo(String.class)
                        .list());
    }

    /**
     * The container says that it stopped working on an input that was cancelled, or has finished it nevertheless. What the
     * input began to wait for between its cancellation and this moment is given up, too.
     */
    private void stopped(Handle handle, String containerId, Result result) {
        handle.createQuery("""
                        with stopped as (
                            update input set cancelling = false
                            where id = :id and container_id = :container and attempt = :attempt and cancelling returning id),
                        idle as (
                            update container set idle_since = clock_timestamp()
                            where id = :container and exists (select 1 from stopped) and not exists (
                                select 1 from input
                                where container_id = :container and id <> :id and (state = 'RUNNING' or cancelling)))
                        select id from stopped""")
                .bind("id", result.inputId())
                .bind("container", containerId)
                .bind("attempt", result.attempt())
                .mapTo(String.class)
                .findOne()
                .ifPresent(input -> cancel(handle, input, CHILDREN, "The input that waited for it was cancelled"));
    }

    /** Containers that still work on an input that was cancelled longer ago than that. */
    public List<String> deafToCancellation(Duration grace) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select distinct i.container_id from input i
                        join container c on c.id = i.container_id and c.state <> 'ENDED'
                        where i.cancelling and i.finished_at + :grace * interval '1 millisecond' < clock_timestamp()""")
                .bind("grace", grace.toMillis())
                .mapTo(String.class)
                .list());
    }

    /** The attempt ran too long. @return whether it was still running */
    @Transactional
    public boolean timeOut(Attempt overdue, RetryPolicy policy, Duration limit) {
        var reason = "Task's current input %s hit its timeout of %ds".formatted(overdue.inputId(), limit.toSeconds());
        return jdbi.withHandle(handle -> {
            var result = new Result(overdue.inputId(), overdue.attempt(), Outcome.TIMEOUT, null);
            lockCalls(handle, List.of(result));
            if (retry(handle, overdue.containerId(), policy, result)) {
                return true;
            }
            var attempt = "id = any(:subjects) and state = 'RUNNING' and attempt = " + overdue.attempt();
            if (conclude(handle, attempt, overdue.inputId(), Verdict.of(Outcome.TIMEOUT, reason)) == 0) {
                return false;
            }
            // its end is the next step; if the server dies before that, the container counts as one that does nothing
            handle.createUpdate(IDLE_WITHOUT.formatted("true"))
                    .bind("container", overdue.containerId())
                    .bind("id", overdue.inputId())
                    .execute();
            return true;
        });
    }

    /**
     * What the platform itself says of inputs that no container may answer any more.
     *
     * @param content null where there is only the reason
     * @param losses what it adds to those of the input
     * @param told whether containers that work on one of them are told, and count as busy until they say that they stopped
     */
    private record Verdict(Outcome outcome, String reason, byte[] content, int losses, boolean told) {
        static Verdict of(Outcome outcome, String reason) {
            return new Verdict(outcome, reason, null, 0, false);
        }

        static Verdict lost(String reason) {
            return new Verdict(Outcome.INTERNAL_FAILURE, reason, null, 1, false);
        }

        static Verdict givenUp(String reason) {
            return new Verdict(Outcome.TERMINATED, reason, null, 0, true);
        }
    }

    private int conclude(Handle handle, String which, String subject, Verdict verdict) {
        return conclude(handle, which, List.of(subject), verdict);
    }

    /**
     * Gives many inputs the same verdict; ordinals are drawn under each call's lock, as always.
     *
     * @param which of {@code :subjects}, as a condition on an input's row: one that was changed meanwhile is looked at again
     */
    private int conclude(Handle handle, String which, List<String> subjects, Verdict verdict) {
        var ended = handle.createQuery("""
                        with calls as (
                            select id as held from function_call where id in (select call_id from input where %1$s)
                            order by id for no key update),
                        ended as (
                            update input i set state = :state, losses = losses + :losses, finished_at = clock_timestamp(),
                                cancelling = :told and i.state = 'RUNNING'
                            from calls where call_id = held and %1$s
                            returning i.id, i.call_id, i.idx, case when i.cancelling then i.container_id end as holder),
                        numbered as (
                            select ended.*, row_number() over (partition by call_id order by idx) as place from ended),
                        counted as (
                            update function_call f set outputs = outputs + n.total
                            from (select call_id, count(*)::int as total from ended group by call_id) n where f.id = n.call_id
                            returning f.id, f.outputs - n.total as before),
                        kept as (
                            insert into output (call_id, ordinal, input_id, idx, status, content, reason)
                            select n.call_id, c.before + n.place, n.id, n.idx, :status, :content, :reason
                            from numbered n join counted c on c.id = n.call_id)
                        select call_id, holder from ended""".formatted(which))
                .bindArray("subjects", String.class, subjects)
                .bind("state", finalState(verdict.outcome()))
                .bind("losses", verdict.losses())
                .bind("status", verdict.outcome().name())
                .bind("content", verdict.content())
                .bind("reason", verdict.reason())
                .bind("told", verdict.told())
                .map((row, context) ->
                        new Ended(row.getString("call_id"), Optional.ofNullable(row.getString("holder"))))
                .list();
        ended.stream().map(Ended::callId).distinct().forEach(call -> signals.afterCommit(Topic.call(call)));
        ended.stream()
                .flatMap(one -> one.holder().stream())
                .distinct()
                .forEach(container -> signals.afterCommit(Topic.container(container)));
        return ended.size();
    }

    /** @param holder a container that has to be told */
    private record Ended(String callId, Optional<String> holder) {}

    /**
     * Of two inputs that end in one container at the same moment, each still sees the other one running, and nobody notes that it is
     * idle.
     *
     * @return how many containers are idle and counted as busy
     */
    @Transactional
    public int noteIdle() {
        return jdbi.withHandle(handle -> {
            var idle = handle.createQuery(
                            "select c.id from container c where " + UNNOTED + " order by c.id for update skip locked")
                    .mapTo(String.class)
                    .list();
            return handle.createUpdate(
                            "update container c set idle_since = clock_timestamp() where c.id = any(:ids) and "
                                    + UNNOTED) // again, now that nobody else changes them
                    .bindArray("ids", String.class, idle)
                    .execute();
        });
    }

    private static final String UNNOTED = """
            c.state = 'ACTIVE' and c.idle_since is null and not exists (select 1 from door d where d.container_id = c.id)
            and not exists (select 1 from input i where i.container_id = c.id and (i.state = 'RUNNING' or i.cancelling))""";

    /** What waits for a superseded pool goes to its successor. */
    @Transactional
    public int move(PoolId from, PoolId to) {
        int moved = jdbi.withHandle(handle -> handle.createUpdate(
                        "update input set pool_id = :to where pool_id = :from and state = 'PENDING'")
                .bind("from", from.value())
                .bind("to", to.value())
                .execute());
        if (moved > 0) {
            signals.afterCommit(Topic.work(to.value()), moved);
        }
        return moved;
    }

    /** @return whether anything waits that a container could take now */
    public boolean isAnyWaiting(PoolId pool) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select exists (select 1 from input
                            where pool_id = :pool and state = 'PENDING' and available_at <= now())""")
                .bind("pool", pool.value())
                .mapTo(Boolean.class)
                .one());
    }

    /** How much work a pool has. */
    public Load load(PoolId pool) {
        return load(pool, Integer.MAX_VALUE);
    }

    /** The same, where no more than {@code most} of what waits are counted. */
    public Load load(PoolId pool, int most) {
        return load(pool, pool, "select count(*) from input where pool_id = :pool and state = 'RUNNING'", most);
    }

    /** What waits in the queue, {@code most} at most, and what the containers of one of its pools work on. */
    public Load load(PoolId queue, PoolId pool, int most) {
        return load(queue, pool, """
                select count(*) from input i join container c on c.id = i.container_id
                where c.pool_id = :pool and c.state <> 'ENDED' and i.state = 'RUNNING'""", most);
    }

    /** In order, as a plan that is made for any pool would else read the whole table where much waits elsewhere. */
    private Load load(PoolId queue, PoolId pool, String running, int most) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select
                            (select count(*) from (
                                select 1 from input where pool_id = :queue and state = 'PENDING'
                                order by seq limit :most) waiting) as pending,
                            (%s) as running""".formatted(running))
                .bind("queue", queue.value())
                .bind("pool", pool.value())
                .bind("most", most)
                .map((row, context) -> new Load(row.getInt("pending"), row.getInt("running")))
                .one());
    }

    /** @return how long an input ran, on average of the last ones of the pool's containers; empty if they finished none */
    public Optional<Duration> lately(PoolId pool) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select avg(extract(epoch from i.finished_at - i.claimed_at)) from container c
                        cross join lateral (
                            select claimed_at, finished_at from input where container_id = c.id
                            order by claimed_at desc limit 20) i
                        where c.pool_id = :pool and c.state <> 'ENDED' and i.finished_at is not null""")
                .bind("pool", pool.value())
                .mapTo(Double.class)
                .findOne()
                .map(seconds -> Duration.ofMillis(Math.max(0, Math.round(1000 * seconds)))));
    }

    /** @return how many inputs of its pool wait before this one */
    public int ahead(String inputId) {
        return jdbi.withHandle(handle ->
                handle.createQuery("""
                        select count(*) from input me join input other on other.pool_id = me.pool_id
                            and other.state = 'PENDING' and other.seq < me.seq
                        where me.id = :id""").bind("id", inputId).mapTo(Integer.class).one());
    }

    /** Everything that containers work on. */
    public List<Attempt> running() {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select i.id, i.attempt, i.container_id, p.definition_id, d.timeout_ms,
                            extract(epoch from clock_timestamp() - i.claimed_at) as age
                        from input i join pool p on p.id = i.pool_id join definition d on d.id = p.definition_id
                        where i.state = 'RUNNING'""")
                .map((row, context) -> new Attempt(
                        row.getString("id"),
                        row.getInt("attempt"),
                        row.getString("container_id"),
                        row.getString("definition_id"),
                        Duration.ofMillis(Math.round(1000 * row.getDouble("age"))),
                        Duration.ofMillis(row.getLong("timeout_ms"))))
                .list());
    }

    /**
     * The database's clock was set back: what became due or idle by it lies in the future now, and would wait for the old time
     * to come again.
     */
    @Transactional
    public void clockWasSetBack() {
        jdbi.useHandle(handle -> {
            handle.createUpdate("""
                            update input i set available_at = clock_timestamp() from pool p join definition d on d.id = p.definition_id
                            where p.id = i.pool_id and i.state = 'PENDING' and i.available_at
                                > clock_timestamp() + (d.retry_max_delay_ms + 1000) * interval '1 millisecond'""").execute();
            handle.createUpdate("""
                            update container set idle_since = clock_timestamp()
                            where state <> 'ENDED' and idle_since > clock_timestamp() + interval '1 second'""").execute();
        });
    }

    /** @return what the database's clock says */
    public Instant databaseTime() {
        return jdbi.withHandle(handle -> handle.createQuery("select clock_timestamp()")
                .mapTo(Instant.class)
                .one());
    }

    /**
     * What a container is ready to take.
     *
     * @param limit how many inputs, at least 1
     * @param method which all of them are for; empty for that of the oldest
     * @param last whether it takes none after these
     */
    public record Wish(int limit, Optional<String> method, boolean last) {
        public static Wish batch(int limit) {
            return new Wish(limit, Optional.empty(), false);
        }

        /** The one input of a container's life. */
        public static Wish only() {
            return new Wish(1, Optional.empty(), true);
        }

        public Wish more(int limit, String method) {
            return new Wish(limit, Optional.of(method), last);
        }
    }

    /** @param stop nothing was found, and the container shall not ask again: it drains, has ended, or was never there */
    public record Look(List<Claimed> claimed, boolean stop) {
        public boolean isOver() {
            return stop || !claimed.isEmpty();
        }
    }

    /** Running inputs and waiting ones. */
    public record Load(int pending, int running) {}

    /**
     * One attempt at an input that goes on.
     *
     * @param age as the database's clock tells it: of no use after that was set
     * @param limit of its definition
     */
    public record Attempt(
            String inputId, int attempt, String containerId, String definitionId, Duration age, Duration limit) {}
}
