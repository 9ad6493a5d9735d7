// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import serai.container.Container;
import serai.signal.Signals;
import serai.signal.Topic;

/** What containers wrote, in chunks, by app. */
@ApplicationScoped
public class Logs {
    private static final String PARTITION = "log_chunk_";

    /** The stream of what neither stdout nor stderr said. */
    static final int PLATFORM = 3;

    private static final String FILTER = """
             and (:function = '' or function_id = :function) and (:container = '' or container_id = :container)
             and (:call = '' or call_id = :call) and (:input = '' or input_id = :input) and (:stream = 0 or stream = :stream)
             and (:text = '' or position(lower(:text) in lower(content)) > 0)""";

    private static final RowMapper<LogChunk> CHUNK = (row, context) -> new LogChunk(
            row.getLong("ordinal"),
            row.getTimestamp("at").toInstant(),
            row.getString("container_id"),
            row.getString("function_id"),
            row.getString("call_id"),
            row.getString("input_id"),
            row.getInt("stream"),
            row.getString("content"));

    private final Jdbi jdbi;
    private final Signals signals;

    @Inject
    public Logs(Jdbi jdbi, Signals signals) {
        this.jdbi = jdbi;
        this.signals = signals;
    }

    public Logs() {
        this(null, null); // for the server's proxy
    }

    /**
     * Keeps chunks in their order. Where the container works on one input at a time, each is marked with the input that it
     * had claimed last when the chunk was written; what it wrote before its first input has no mark.
     *
     * @param single whether the container works on one input at a time
     */
    @Transactional
    public void append(Container container, boolean single, List<Piece> pieces) {
        if (pieces.isEmpty()) {
            return;
        }
        jdbi.useHandle(handle -> {
            long last = handle.createQuery(
                            "update app set log_ordinal = log_ordinal + :n where id = :app returning log_ordinal")
                    .bind("n", pieces.size())
                    .bind("app", container.appId())
                    .mapTo(Long.class)
                    .one();
            var batch = handle.prepareBatch("""
                    insert into log_chunk (app_id, ordinal, at, container_id, function_id, stream, content, call_id, input_id)
                    select :app, :ordinal, :at, :container, :function, :stream, :content, held.call_id, held.id
                    from (select 1) one left join lateral (
                        select id, call_id from input where :single and container_id = :container and claimed_at <= :at
                        order by claimed_at desc limit 1) held on true""");
            long ordinal = last - pieces.size();
            for (var piece : pieces) {
                batch.bind("app", container.appId())
                        .bind("ordinal", ++ordinal)
                        .bind("at", Timestamp.from(piece.at()))
                        .bind("container", container.id())
                        .bind("function", container.functionId())
                        .bind("stream", piece.stream())
                        .bind("content", piece.content().replace("\0", "\uFFFD"))
                        .bind("single", single)
                        .add();
            }
            batch.execute();
        });
        signals.afterCommit(Topic.app(container.appId()));
    }

    /** A line of the platform's own, about a function that has no container to say it. */
    @Transactional
    public void note(String appId, String functionId, String line, Instant at) {
        jdbi.useHandle(handle -> handle.createUpdate("""
                        with drawn as (update app set log_ordinal = log_ordinal + 1 where id = :app returning log_ordinal)
                        insert into log_chunk (app_id, ordinal, at, container_id, function_id, stream, content)
                        select :app, log_ordinal, :at, '', :function, :stream, :content from drawn""")
                .bind("app", appId)
                .bind("at", Timestamp.from(at))
                .bind("function", functionId)
                .bind("stream", PLATFORM)
                .bind("content", line.replace("\0", "\uFFFD") + "\n")
                .execute());
        signals.afterCommit(Topic.app(appId));
    }

    /** Chunks of an app after a position; empty filters let everything through. */
    public List<LogChunk> after(String appId, long ordinal, Filter filter, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("select * from log_chunk where app_id = :app " + FILTER
                        + " and ordinal > :after order by ordinal limit :limit")
                .bind("app", appId)
                .bind("after", ordinal)
                .bindMap(filter.bindings())
                .bind("limit", limit)
                .map(CHUNK)
                .list());
    }

    /** What an app wrote. */
    public Chunks of(String appId, Filter filter) {
        return new Chunks(jdbi, "log_chunk where app_id = :app " + FILTER, Map.of("app", appId), filter, CHUNK);
    }

    /** @return the end of what the container wrote last to stderr; empty if it was silent */
    public String lastWords(Container container, int characters) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select right(content, :characters) from log_chunk
                        where app_id = :app and container_id = :container and stream = 2 order by ordinal desc limit 1""")
                .bind("characters", characters)
                .bind("app", container.appId())
                .bind("container", container.id())
                .mapTo(String.class)
                .findOne()
                .orElse(""));
    }

    /** Makes the partition of a day in UTC, which is cheap to drop later. What was written before that stays where it is. */
    @Transactional
    public void prepare(LocalDate day) {
        jdbi.useHandle(handle -> {
            var early = handle.createQuery(
                            "select exists (select 1 from log_chunk_rest where at >= cast(:from as timestamptz) and at < cast(:to as timestamptz))")
                    .bind("from", midnight(day))
                    .bind("to", midnight(day.plusDays(1)))
                    .mapTo(Boolean.class)
                    .one();
            if (!early) {
                handle.execute("create table if not exists %s%s partition of log_chunk for values from ('%s') to ('%s')"
                        .formatted(
                                PARTITION, day.toString().replace('-', '_'), midnight(day), midnight(day.plusDays(1))));
            }
        });
    }

    private static String midnight(LocalDate day) {
        return day + " 00:00:00+00";
    }

    /** Forgets the days before this one, in UTC. */
    @Transactional
    public void forget(LocalDate before) {
        jdbi.useHandle(handle -> {
            handle.createUpdate("delete from log_chunk_rest where at < cast(:before as timestamptz)")
                    .bind("before", midnight(before))
                    .execute();
            handle.createQuery(
                            "select inhrelid::regclass::text from pg_inherits where inhparent = 'log_chunk'::regclass")
                    .mapTo(String.class)
                    .filter(name -> name.matches(PARTITION + "\\d{4}_\\d{2}_\\d{2}"))
                    .filter(name -> name.compareTo(PARTITION + before.toString().replace('-', '_')) < 0)
                    .list()
                    .forEach(name -> handle.execute("drop table if exists " + name));
        });
    }

    /**
     * Empty for all of them.
     *
     * @param stream 0 for all
     * @param text that a line has to have, in letters of either case
     */
    public record Filter(
            String functionId, String containerId, String callId, String inputId, int stream, String text) {
        public static final Filter NONE = new Filter("", "", "", "", 0);

        public Filter(String functionId, String containerId, String callId, String inputId, int stream) {
            this(functionId, containerId, callId, inputId, stream, "");
        }

        /** The same, of one stream and with a text. */
        public Filter narrowed(int wanted, String searched) {
            return new Filter(functionId, containerId, callId, inputId, wanted, searched);
        }

        boolean finds(String line) {
            return text.isEmpty() || line.toLowerCase(Locale.ROOT).contains(text.toLowerCase(Locale.ROOT));
        }

        /** @return the lines of the chunk that have the text; all of it as it is where none is looked for */
        public List<LogChunk> of(LogChunk chunk) {
            return text.isEmpty()
                    ? List.of(chunk)
                    : chunk.lines().stream()
                            .filter(line -> finds(line.content()))
                            .toList();
        }

        Map<String, Object> bindings() {
            return Map.of(
                    "function", functionId,
                    "container", containerId,
                    "call", callId,
                    "input", inputId,
                    "stream", stream,
                    "text", text);
        }
    }

    /** Something written, with the time at which the runner saw it. */
    public record Piece(Instant at, int stream, String content) {}
}
