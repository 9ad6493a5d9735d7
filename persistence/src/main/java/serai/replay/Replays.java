// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.replay;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** Answers that were given, for clients that did not get them and ask again with the same key. */
@ApplicationScoped
public class Replays {
    /**
     * Keeps an answer as one part of a statement that does the work. The statement has a part {@code target}, with one row if the
     * work may be done. This part then has a row unless the same request was answered before, and then the work must not be done.
     * Its parameters are {@link Answer#parameters}.
     */
    public static final String KEPT = """
            insert into replay (workspace_id, method, key, response)
            select :replay_workspace, :replay_method, :replay_key, :replay_response from target
            on conflict do nothing returning key""";

    private final Jdbi jdbi;

    @Inject
    public Replays(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public Replays() {
        this(null); // for the server's proxy
    }

    public Optional<byte[]> find(Key key) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select response from replay where workspace_id = :ws and method = :method and key = :key")
                .bind("ws", key.workspaceId())
                .bind("method", key.method())
                .bind("key", key.value())
                .mapTo(byte[].class)
                .findOne());
    }

    /**
     * Keeps the answer, in the transaction that did the work. If the same request was answered meanwhile, the second
     * work is undone.
     *
     * @throws serai.problem.ProblemException {@link Problem#REQUEST_REPEATED}: the first answer can be had by asking again
     */
    @Transactional(Transactional.TxType.MANDATORY)
    public void keep(Key key, byte[] response) {
        int kept = jdbi.withHandle(handle -> handle.createUpdate(
                        "insert into replay (workspace_id, method, key, response) values (:ws, :method, :key, :response)"
                                + " on conflict do nothing")
                .bind("ws", key.workspaceId())
                .bind("method", key.method())
                .bind("key", key.value())
                .bind("response", response)
                .execute());
        if (kept == 0) {
            throw repeated();
        }
    }

    /** @return what to throw when an answer was not kept, as another one was: the work must be undone, or not be done */
    public static ProblemException repeated() {
        return Problem.REQUEST_REPEATED.because("the same request was answered meanwhile: ask again");
    }

    @Transactional
    public int forget(Instant before) {
        return jdbi.withHandle(handle -> handle.createUpdate("delete from replay where created_at < :before")
                .bind("before", java.sql.Timestamp.from(before))
                .execute());
    }

    /** @param value the client's own key, of its choice */
    public record Key(String workspaceId, String method, String value) {}

    /** @param response serialized */
    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    public record Answer(Key key, byte[] response) {
        /** @return of {@link #KEPT} */
        public Map<String, Object> parameters() {
            return Map.of(
                    "replay_workspace", key.workspaceId,
                    "replay_method", key.method,
                    "replay_key", key.value,
                    "replay_response", response);
        }
    }
}
