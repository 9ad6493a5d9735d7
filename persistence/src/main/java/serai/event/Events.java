// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.event;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/** Keeps what happened, and tells it. */
@ApplicationScoped
public class Events {
    private static final int LONGEST = 4_000; // characters: a container's last words, not its whole log

    private final Jdbi jdbi;

    @Inject
    public Events(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public Events() {
        this(null); // for the server's proxy
    }

    /** @param containerId null for what is about the whole pool */
    public void record(
            Event.Kind kind, String functionId, String poolId, String containerId, String reason, Instant at) {
        var text = reason.replace("\0", "\uFFFD");
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into event (at, function_id, pool_id, container_id, kind, reason)
                        values (:at, :function, :pool, :container, :kind, :reason)""")
                .bind("at", Timestamp.from(at))
                .bind("function", functionId)
                .bind("pool", poolId)
                .bind("container", containerId)
                .bind("kind", kind.name())
                .bind("reason", text.length() > LONGEST ? text.substring(0, LONGEST) : text)
                .execute());
    }

    /**
     * Of all pools that the function has had.
     *
     * @param from of that time or later
     * @param until of that time or earlier
     * @param before only those with a lower id
     * @return the newest first
     */
    public List<Event> ofFunction(String functionId, Instant from, Instant until, long before, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select * from event where function_id = :function and id < :before and at between :from and :until
                        order by id desc limit :limit""")
                .bind("function", functionId)
                .bind("before", before)
                .bind("from", Timestamp.from(from))
                .bind("until", Timestamp.from(until))
                .bind("limit", limit)
                .map((row, context) -> new Event(
                        row.getLong("id"),
                        row.getTimestamp("at").toInstant(),
                        Event.Kind.valueOf(row.getString("kind")),
                        row.getString("pool_id"),
                        row.getString("container_id"),
                        row.getString("reason")))
                .list());
    }

    /** @return of the last one of that kind; empty if there was none, or long ago */
    public Optional<String> lastReason(Event.Kind kind, String functionId, String poolId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select reason from event where function_id = :function and pool_id = :pool and kind = :kind
                        order by id desc limit 1""")
                .bind("function", functionId)
                .bind("pool", poolId)
                .bind("kind", kind.name())
                .mapTo(String.class)
                .findOne());
    }

    /** @return how many were forgotten */
    @Transactional
    public int forget(Instant before, int limit) {
        return jdbi.withHandle(handle -> handle.createUpdate(
                        "delete from event where id in (select id from event where at < :before limit :limit)")
                .bind("before", Timestamp.from(before))
                .bind("limit", limit)
                .execute());
    }
}
