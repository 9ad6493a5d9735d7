// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.replay;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import serai.problem.Problem;

/** Answers that were given, for clients that did not get them and ask again with the same key. */
@ApplicationScoped
public class Replays {
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
            throw Problem.REQUEST_REPEATED.because("the same request was answered meanwhile: ask again");
        }
    }

    @Transactional
    public int forget(Instant before) {
        return jdbi.withHandle(handle -> handle.createUpdate("delete from replay where created_at < :before")
                .bind("before", java.sql.Timestamp.from(before))
                .execute());
    }

    /** @param value the client's own key, of its choice */
    public record Key(String workspaceId, String method, String value) {}
}
