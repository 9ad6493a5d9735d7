// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * What a running call streams. Chunks are numbered by whoever writes them, from 1, and are kept as long as the call; those of an
 * HTTP request go as soon as they were read ({@link WebCalls}).
 */
@ApplicationScoped
public class Chunks {
    private final Jdbi jdbi;
    private final Signals signals;

    @Inject
    public Chunks(Jdbi jdbi, Signals signals) {
        this.jdbi = jdbi;
        this.signals = signals;
    }

    public Chunks() {
        this(null, null); // for the server's proxy
    }

    /** A chunk that is there already stays as it is: writers repeat themselves after a lost answer. */
    @Transactional
    public void append(String callId, Direction direction, List<Chunk> chunks) {
        jdbi.useHandle(handle -> {
            var batch = handle.prepareBatch("""
                    insert into data_chunk (call_id, direction, ordinal, content)
                    values (:call, :direction, :ordinal, :content) on conflict do nothing""");
            for (var chunk : chunks) {
                batch.bind("call", callId)
                        .bind("direction", direction.name())
                        .bind("ordinal", chunk.ordinal())
                        .bind("content", chunk.content())
                        .add();
            }
            if (batch.size() > 0) {
                batch.execute();
            }
        });
        signals.afterCommit(direction == Direction.IN ? Topic.feed(callId) : Topic.call(callId));
    }

    /** One look, in one statement: what there is, and whether more may come. */
    public Look look(String callId, Direction direction, long ordinal, int limit) {
        return jdbi.withHandle(handle -> {
            var found = new ArrayList<Chunk>();
            var open = handle.createQuery("""
                            select c.outputs < c.inputs or c.inputs = 0 as open, d.ordinal, d.content from function_call c
                            left join lateral (select ordinal, content from data_chunk
                                where call_id = c.id and direction = :direction and ordinal > :after
                                order by ordinal limit :limit) d on true
                            where c.id = :call order by d.ordinal""")
                    .bind("call", callId)
                    .bind("direction", direction.name())
                    .bind("after", ordinal)
                    .bind("limit", limit)
                    .reduceResultSet(false, (before, row, context) -> {
                        var content = row.getBytes("content");
                        if (content != null) {
                            found.add(new Chunk(row.getLong("ordinal"), content));
                        }
                        return row.getBoolean("open");
                    });
            return new Look(found, !open);
        });
    }

    /** @param over the call has its results, or is not there any more: nothing will follow these */
    public record Look(List<Chunk> chunks, boolean over) {
        public boolean isWorthAnAnswer() {
            return over || !chunks.isEmpty();
        }
    }

    public List<Chunk> after(String callId, Direction direction, long ordinal, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select ordinal, content from data_chunk
                        where call_id = :call and direction = :direction and ordinal > :after order by ordinal limit :limit""")
                .bind("call", callId)
                .bind("direction", direction.name())
                .bind("after", ordinal)
                .bind("limit", limit)
                .map((row, context) -> new Chunk(row.getLong("ordinal"), row.getBytes("content")))
                .list());
    }

    /** From the container's caller to it, or back. */
    public enum Direction {
        IN,
        OUT
    }

    /** @param content the client's message, serialized */
    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    public record Chunk(long ordinal, byte[] content) {}
}
