// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;

/** Chunks of one place that pass a filter, by the time at which they were written. */
public final class Chunks {
    private final Jdbi jdbi;
    private final String place;
    private final Map<String, Object> bindings;
    private final Logs.Filter filter;
    private final RowMapper<LogChunk> mapper;

    /**
     * @param place a table with the columns at, ordinal, stream and content, and which of its rows: {@code table where condition}
     * @param bindings of the condition, beside the filter's own
     */
    Chunks(Jdbi jdbi, String place, Map<String, Object> bindings, Logs.Filter filter, RowMapper<LogChunk> mapper) {
        this.jdbi = jdbi;
        this.place = place;
        this.bindings = bindings;
        this.filter = filter;
        this.mapper = mapper;
    }

    /**
     * The lines of a time, oldest first, each a chunk of its own; if there are more than the limit, the last of them.
     *
     * @param from inclusive
     * @param until exclusive
     */
    public List<LogChunk> lines(Instant from, Instant until, int limit) {
        var found = jdbi.withHandle(handle -> handle.createQuery("select * from " + place
                        + " and at >= :from and at < :until order by at desc, ordinal desc limit :limit")
                .bindMap(bindings)
                .bindMap(filter.bindings())
                .bind("from", Timestamp.from(from))
                .bind("until", Timestamp.from(until))
                .bind("limit", limit)
                .map(mapper)
                .list());
        var lines = found.reversed().stream()
                .flatMap(chunk -> chunk.lines().stream())
                .filter(line -> filter.finds(line.content()))
                .toList();
        return lines.subList(Math.max(0, lines.size() - limit), lines.size());
    }

    /**
     * How many lines were written in each part of a time, the parts without any left out.
     *
     * @param bucket length of a part, whole seconds; parts begin at multiples of it since 1970
     */
    public List<Count> count(Instant from, Instant until, Duration bucket) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select floor(extract(epoch from at) / :bucket) * :bucket as start, stream, count(*) as lines"
                                + " from (select * from " + place + " and at >= :from and at < :until) chunk,"
                                + " unnest(string_to_array(regexp_replace(content, E'\\n$', ''), E'\\n')) line"
                                + " where :text = '' or position(lower(:text) in lower(line)) > 0"
                                + " group by start, stream order by start, stream")
                .bindMap(bindings)
                .bindMap(filter.bindings())
                .bind("from", Timestamp.from(from))
                .bind("until", Timestamp.from(until))
                .bind("bucket", bucket.toSeconds())
                .map((row, context) -> new Count(
                        Instant.ofEpochSecond(row.getLong("start")), row.getInt("stream"), row.getLong("lines")))
                .list());
    }

    /** Of the lines of one stream that were written in a part of a time that begins then. */
    public record Count(Instant start, int stream, long lines) {}
}
