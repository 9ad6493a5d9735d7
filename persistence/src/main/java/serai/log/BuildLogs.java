// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import serai.pool.PoolId;
import serai.signal.Signals;
import serai.signal.Topic;

/** What builds of images said, in chunks, and which part of it is about which image. */
@ApplicationScoped
@Transactional
public class BuildLogs {
    /** Of a step, under the alias s. */
    private static final String OF_STEP = "image_build_log l join image_build_step s using (build_id)"
            + " where l.ordinal > s.after_ordinal and l.ordinal <= coalesce(s.last_ordinal, l.ordinal)";

    private static final RowMapper<LogChunk> CHUNK = (row, context) -> new LogChunk(
            row.getLong("ordinal"),
            row.getTimestamp("at").toInstant(),
            row.getString("build_id"),
            "",
            null,
            null,
            row.getInt("stream"),
            row.getString("content"));

    private final Jdbi jdbi;
    private final Signals signals;

    @Inject
    public BuildLogs(Jdbi jdbi, Signals signals) {
        this.jdbi = jdbi;
        this.signals = signals;
    }

    public BuildLogs() {
        this(null, null); // for the server's proxy
    }

    /** Keeps what the build said, in its order. */
    public void append(PoolId build, List<Logs.Piece> pieces, Instant now) {
        if (pieces.isEmpty()) {
            return;
        }
        jdbi.useHandle(handle -> {
            long last = handle.createQuery("""
                            update image_build set log_ordinal = log_ordinal + :n, heard_at = :now where id = :id
                            returning log_ordinal""")
                    .bind("n", pieces.size())
                    .bind("now", Timestamp.from(now))
                    .bind("id", build.value())
                    .mapTo(Long.class)
                    .one();
            var batch = handle.prepareBatch(
                    "insert into image_build_log (build_id, ordinal, at, stream, content) values (:id, :ordinal, :at, :stream, :content)");
            long ordinal = last - pieces.size();
            for (var piece : pieces) {
                batch.bind("id", build.value())
                        .bind("ordinal", ++ordinal)
                        .bind("at", Timestamp.from(piece.at()))
                        .bind("stream", piece.stream())
                        .bind("content", piece.content().replace("\0", "\uFFFD"))
                        .add();
            }
            batch.execute();
        });
        signals.afterCommit(Topic.build(build.value()));
    }

    /** Of the platform's own, if the build has not said it yet. */
    public void note(PoolId build, String sentence, Instant now) {
        var content = sentence + "\n";
        boolean isSaid = jdbi.withHandle(handle -> handle.createQuery(
                        "select exists (select 1 from image_build_log where build_id = :id and content = :content)")
                .bind("id", build.value())
                .bind("content", content)
                .mapTo(Boolean.class)
                .one());
        if (!isSaid) {
            append(build, List.of(new Logs.Piece(now, Logs.PLATFORM, content)), now);
        }
    }

    public List<LogChunk> after(PoolId build, long ordinal, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select * from image_build_log where build_id = :id and ordinal > :after order by ordinal limit :limit""")
                .bind("id", build.value())
                .bind("after", ordinal)
                .bind("limit", limit)
                .map(CHUNK)
                .list());
    }

    /** The last attempts at an image and at those that it stands on, the lowest first. One that needed no build has none. */
    public List<Step> steps(String imageId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        with recursive chain(id, base_id, depth) as (
                            select id, base_id, 0 from image where id = :image
                            union all select i.id, i.base_id, depth + 1 from image i join chain c on i.id = c.base_id)
                        select chain.id, step.build_id, said.first_at, said.last_at, step.ended_at
                        from chain
                        cross join lateral (select * from image_build_step s where s.image_id = chain.id order by ended_at desc limit 1) step
                        cross join lateral (
                            select min(at) as first_at, max(at) as last_at from image_build_log l
                            where l.build_id = step.build_id and l.ordinal > step.after_ordinal
                                and l.ordinal <= coalesce(step.last_ordinal, l.ordinal)) said
                        order by depth desc""")
                .bind("image", imageId)
                .map((row, context) -> step(row))
                .list());
    }

    private static Step step(ResultSet row) throws SQLException {
        var ended = row.getTimestamp("ended_at").toInstant();
        var first = Optional.ofNullable(row.getTimestamp("first_at")).map(Timestamp::toInstant);
        var last = Optional.ofNullable(row.getTimestamp("last_at")).map(Timestamp::toInstant);
        return new Step(
                row.getString("id"), new PoolId(row.getString("build_id")), first.orElse(ended), last.orElse(ended));
    }

    /** What was said about an image in one of its builds. Of a filter, stream and text count. */
    public Chunks of(String imageId, PoolId build, Logs.Filter filter) {
        return new Chunks(
                jdbi,
                OF_STEP + " and s.image_id = :image and s.build_id = :build and (:stream = 0 or stream = :stream)"
                        + " and (:text = '' or position(lower(:text) in lower(content)) > 0)",
                Map.of("image", imageId, "build", build.value()),
                filter,
                CHUNK);
    }

    /**
     * The making of one image.
     *
     * @param from when the first word about it was said
     * @param until when the last one was
     */
    public record Step(String imageId, PoolId build, Instant from, Instant until) {}
}
