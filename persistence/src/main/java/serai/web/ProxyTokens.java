// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.RowMapper;
import serai.id.NewId;
import serai.id.Secret;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Tokens for endpoints that ask for one. They act for all endpoints of their workspace and for nothing else. */
@ApplicationScoped
public class ProxyTokens {
    /** How long a token that was revoked may still be accepted. */
    public static final Duration REMEMBERED = Duration.ofSeconds(5);

    private static final int MOST = 10_000;
    private static final int LONGEST_NAME = 200;

    private static final RowMapper<ProxyToken> TOKEN = (row, context) -> new ProxyToken(
            row.getString("id"),
            row.getString("workspace_id"),
            row.getString("name"),
            row.getTimestamp("created_at").toInstant());

    private final Jdbi jdbi;

    private final Cache<String, Known> known = Caffeine.newBuilder()
            .expireAfterWrite(REMEMBERED)
            .maximumSize(MOST)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private record Known(String workspaceId, byte[] hash) {
        boolean opens(String workspace, String secret) {
            return workspaceId.equals(workspace) && Secret.matches(secret, hash);
        }
    }

    @Inject
    public ProxyTokens(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public ProxyTokens() {
        this(null); // for the server's proxy
    }

    /** The only moment at which the secret is known. */
    public record NewToken(String id, String secret) {}

    /** @param name for people; may be empty */
    public NewToken create(Tenant tenant, String name) {
        var token = new NewToken(NewId.of("wk"), NewId.of("ws"));
        jdbi.useHandle(handle -> handle.createUpdate("""
                        insert into proxy_token (id, workspace_id, name, secret_hash) values (:id, :ws, :name, :hash)""")
                .bind("id", token.id())
                .bind("ws", tenant.workspaceId())
                .bind("name", checked(name))
                .bind("hash", Secret.hash(token.secret()))
                .execute());
        return token;
    }

    /** Newest first. */
    public List<ProxyToken> list(Tenant tenant, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select * from proxy_token where workspace_id = :ws order by created_at desc, id limit :limit")
                .bind("ws", tenant.workspaceId())
                .bind("limit", limit)
                .map(TOKEN)
                .list());
    }

    /** @throws serai.problem.ProblemException {@link Problem#PROXY_TOKEN_NOT_FOUND}, also for another workspace's */
    public ProxyToken rename(Tenant tenant, String id, String name) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "update proxy_token set name = :name where id = :id and workspace_id = :ws returning *")
                .bind("id", id)
                .bind("ws", tenant.workspaceId())
                .bind("name", checked(name))
                .map(TOKEN)
                .findOne()
                .orElseThrow(() -> notFound(id)));
    }

    /** @throws serai.problem.ProblemException {@link Problem#PROXY_TOKEN_NOT_FOUND}, also for another workspace's */
    public void revoke(Tenant tenant, String id) {
        int revoked = jdbi.withHandle(
                handle -> handle.createUpdate("delete from proxy_token where id = :id and workspace_id = :ws")
                        .bind("id", id)
                        .bind("ws", tenant.workspaceId())
                        .execute());
        known.invalidate(id);
        if (revoked == 0) {
            throw notFound(id);
        }
    }

    /** @return whether the token opens endpoints of that workspace; a revocation is felt within {@link #REMEMBERED} */
    public boolean accepts(String workspaceId, String id, String secret) {
        var seen = Optional.ofNullable(known.getIfPresent(id)).or(() -> find(id));
        return seen.filter(token -> token.opens(workspaceId, secret)).isPresent();
    }

    /** As {@link #accepts}. @return empty if the database has to be asked for it */
    public Optional<Boolean> known(String workspaceId, String id, String secret) {
        return Optional.ofNullable(known.getIfPresent(id)).map(token -> token.opens(workspaceId, secret));
    }

    private Optional<Known> find(String id) {
        var found = jdbi.withHandle(handle -> handle.createQuery("select * from proxy_token where id = :id")
                .bind("id", id)
                .map((row, context) -> new Known(row.getString("workspace_id"), row.getBytes("secret_hash")))
                .findOne());
        found.ifPresent(token -> known.put(id, token));
        return found;
    }

    private static String checked(String name) {
        if (name.length() > LONGEST_NAME) {
            throw Problem.INVALID_ARGUMENT.because(
                    "name of %d characters, at most %d are allowed", name.length(), LONGEST_NAME);
        }
        return name;
    }

    private static serai.problem.ProblemException notFound(String id) {
        return Problem.PROXY_TOKEN_NOT_FOUND.because("Proxy token '%s' not found", id);
    }
}
