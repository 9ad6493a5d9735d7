// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
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

    /** @return whether it is a request to that function */
    public boolean isOf(String callId, String functionId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select exists (select 1 from function_call where id = :id and function_id = :function and kind = 'WEB')""")
                .bind("id", callId)
                .bind("function", functionId)
                .mapTo(Boolean.class)
                .one());
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
    public void finish(String callId) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        with left_over as (delete from data_chunk where call_id = :call)
                        delete from input_payload where input_id in (select id from input where call_id = :call)""").bind("call", callId).execute());
        signals.afterCommit(Topic.room(callId));
    }
}
