// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import serai.call.Chunks.Direction;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * HTTP requests as calls. Their streams run both ways while the call runs, and hold so much and no more: whoever writes waits
 * until the other side has read. Each method is one statement without a transaction around it, as every request passes it.
 */
@ApplicationScoped
public class WebCalls {
    /** Bytes that a stream holds at most, but for the piece that was being written. */
    public static final long BACKLOG = 16 << 20;

    private static final String WAITED = """
            select extract(epoch from i.claimed_at - i.created_at) * 1e6 as total,
                coalesce(greatest(0, extract(epoch from least(c.ready_at, i.claimed_at)
                    - greatest(c.created_at, i.created_at)) * 1e6), 0) as start
            from input i left join container c on c.id = i.container_id
            where i.call_id = :call and i.claimed_at is not null""";

    private static final RowMapper<Waited> WAITED_ROW = (row, context) -> {
        var start = micros(row.getDouble("start"));
        return new Waited(micros(row.getDouble("total")).minus(start), start);
    };

    private final Jdbi jdbi;
    private final Signals signals;

    @Inject
    public WebCalls(Jdbi jdbi, Signals signals) {
        this.jdbi = jdbi;
        this.signals = signals;
    }

    public WebCalls() {
        this(null, null); // for the server's proxy
    }

    /**
     * Starts a call. Its container waits a few seconds only for the first piece of the request, so that comes with it.
     *
     * @param as the ids that the call and its input get
     * @param first what the container reads first, serialized
     */
    public void start(Target target, int invocation, NewInput input, byte[] first, Calls.Started as) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        with begun as (
                            insert into function_call (id, workspace_id, environment_id, app_id, function_id, kind, invocation, inputs)
                            values (:id, :ws, :environment, :app, :function, 'WEB', :invocation, 1) returning id),
                        arrived as (
                            insert into input (id, call_id, idx, app_id, pool_id, method, state)
                            select :input, id, 0, :app, :pool, :method, 'PENDING' from begun returning id),
                        fed as (
                            insert into data_chunk (call_id, direction, ordinal, content)
                            select id, 'IN', 1, :first from begun)
                        insert into input_payload (input_id, content) select id, :content from arrived""")
                .bind("id", as.callId())
                .bind("ws", target.workspaceId())
                .bind("environment", target.environmentId())
                .bind("app", target.appId())
                .bind("function", target.functionId())
                .bind("invocation", invocation)
                .bind("input", as.inputIds().getFirst())
                .bind("pool", target.poolId())
                .bind("method", input.method())
                .bind("content", input.payload())
                .bind("first", first)
                .execute());
        signals.afterCommit(Topic.work(target.poolId()), 1);
    }

    private static Duration micros(double micros) {
        return Duration.of(Math.max(0, Math.round(micros)), ChronoUnit.MICROS);
    }

    /** The next piece of the request. */
    public void feed(String callId, long ordinal, byte[] content) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into data_chunk (call_id, direction, ordinal, content)
                        select id, 'IN', :ordinal, :content from function_call where id = :call on conflict do nothing""")
                .bind("call", callId)
                .bind("ordinal", ordinal)
                .bind("content", content)
                .execute());
        signals.afterCommit(Topic.feed(callId));
    }

    /** What the container answers. Pieces that are there already stay as they are; when the call is over there are no more. */
    public void answer(String callId, List<Chunks.Chunk> pieces) {
        jdbi.useHandle(handle -> {
            var batch = handle.prepareBatch("""
                    insert into data_chunk (call_id, direction, ordinal, content)
                    select id, 'OUT', :ordinal, :content from function_call where id = :call and outputs < inputs
                    on conflict do nothing""");
            for (var piece : pieces) {
                batch.bind("call", callId)
                        .bind("ordinal", piece.ordinal())
                        .bind("content", piece.content())
                        .add();
            }
            if (batch.size() > 0) {
                batch.execute();
            }
        });
        signals.afterCommit(Topic.call(callId));
    }

    /** @return bytes that were written and not taken yet */
    public long backlog(String callId, Direction direction) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select coalesce(sum(length(content)), 0) from data_chunk
                        where call_id = :call and direction = :direction""")
                .bind("call", callId)
                .bind("direction", direction.name())
                .mapTo(Long.class)
                .one());
    }

    /** The chunks up to this one were read and will not be asked for again. Tells the writer. */
    public void taken(String callId, Direction direction, long ordinal) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        delete from data_chunk where call_id = :call and direction = :direction and ordinal <= :ordinal""")
                .bind("call", callId)
                .bind("direction", direction.name())
                .bind("ordinal", ordinal)
                .execute());
        signals.afterCommit(Topic.room(callId));
    }

    /** Requests that no container has taken yet; on all servers. */
    public int waiting(String poolId) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select count(*) from input where pool_id = :pool and state = 'PENDING'")
                        .bind("pool", poolId)
                        .mapTo(Integer.class)
                        .one());
    }

    /** Its client was sent on: until then somebody has to come for the answer. */
    public void park(String callId, Duration patience) {
        jdbi.useHandle(handle -> handle.createUpdate(
                        "update function_call set wanted_until = now() + :patience * interval '1 ms' where id = :call")
                .bind("call", callId)
                .bind("patience", patience.toMillis())
                .execute());
    }

    /** @return whether nobody has come in time; true once */
    public boolean isAbandoned(String callId) {
        return jdbi.withHandle(handle -> handle.createUpdate(
                                "update function_call set wanted_until = null where id = :call and wanted_until <= now()")
                        .bind("call", callId)
                        .execute())
                > 0;
    }

    /** Somebody comes for the answer. */
    public Claim claim(String callId, String functionId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        update function_call c set wanted_until = null
                        where id = :call and function_id = :function and kind = 'WEB'
                        returning exists (select 1 from input i join input_payload p on p.input_id = i.id
                            where i.call_id = c.id) as kept""")
                .bind("call", callId)
                .bind("function", functionId)
                .map((row, context) -> row.getBoolean("kept") ? Claim.KEPT : Claim.GONE)
                .findOne()
                .orElse(Claim.UNKNOWN));
    }

    /** Whether there is an answer to come for. */
    public enum Claim {
        /** No such request was sent to this function. */
        UNKNOWN,
        /** It is there, or will be. */
        KEPT,
        /** Somebody had it, or nobody wanted it. */
        GONE
    }

    /** How the call ended; empty while it has not. */
    public Optional<Output> output(String callId) {
        return jdbi.withHandle(handle -> handle.createQuery("select * from output where call_id = :call")
                .bind("call", callId)
                .map(Calls.OUTPUT)
                .findFirst());
    }

    /** When a container took the request, as time from its arrival; empty while it waits. */
    public Optional<Duration> queued(String callId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select extract(epoch from claimed_at - created_at) * 1000 from input
                        where call_id = :call and claimed_at is not null""")
                .bind("call", callId)
                .mapTo(Double.class)
                .findFirst()
                .map(ms -> Duration.ofMillis(Math.round(ms))));
    }

    /** Nobody will read what is left of the streams. The call itself stays, for those who want to know what became of it. */
    public Optional<Waited> finish(String callId) {
        var waited = jdbi.withHandle(handle -> handle.createQuery("""
                        with left_over as (delete from data_chunk where call_id = :call),
                            arguments as (delete from input_payload where input_id in (select id from input where call_id = :call))
                        """ + WAITED)
                .bind("call", callId)
                .map(WAITED_ROW)
                .findFirst());
        signals.afterCommit(Topic.room(callId));
        return waited;
    }

    /** What a request waited for; empty while it waits. */
    public Optional<Waited> waited(String callId) {
        return jdbi.withHandle(handle ->
                handle.createQuery(WAITED).bind("call", callId).map(WAITED_ROW).findFirst());
    }

    /**
     * What a request waited for.
     *
     * @param queue until a container took it, without {@code start}
     * @param start of that container, as far as it fell into the time of waiting
     */
    public record Waited(Duration queue, Duration start) {
        public Duration total() {
            return queue.plus(start);
        }
    }
}
