// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jdbi.v3.core.Jdbi;
import serai.id.NewId;
import serai.pool.PoolId;
import serai.workspace.Tenant;

/** Rows around the queue, made with as little as its statements look at. */
public final class Fixture {
    private final Jdbi jdbi;
    private final String workspace = NewId.of("ws");
    private final String environment = NewId.of("en");
    private final String app = NewId.of("ap");

    public Fixture(Jdbi jdbi) {
        this.jdbi = jdbi;
        jdbi.useHandle(h -> {
            h.execute("insert into workspace (id, name) values (?, ?)", workspace, workspace);
            h.execute("insert into environment (id, workspace_id, name) values (?, ?, 'main')", environment, workspace);
            h.execute(
                    "insert into app (id, workspace_id, environment_id, description, state) values (?, ?, ?, 'a', 'EPHEMERAL')",
                    app,
                    workspace,
                    environment);
        });
    }

    Tenant tenant() {
        return new Tenant(workspace, workspace);
    }

    public PoolId pool() {
        var function = NewId.of("fu");
        var definition = NewId.of("de");
        var pool = NewId.of("po");
        jdbi.useHandle(h -> {
            h.execute(
                    "insert into function (id, workspace_id, environment_id, app_id, name) values (?, ?, ?, ?, 'f')",
                    function,
                    workspace,
                    environment,
                    app);
            h.execute("""
                    insert into definition (id, function_id, content, data, handle, min_containers, max_containers,
                        buffer_containers, scaledown_window_ms, concurrency, retries, retry_initial_delay_ms, retry_max_delay_ms,
                        retry_backoff, timeout_ms, startup_timeout_ms, milli_cpu, memory_mb, memory_max_mb, disk_mb, mounts)
                    values (?, ?, '', '', '', 0, 10, 0, 60000, 1, 0, 0, 0, 1, 300000, 300000, 100, 128, 0, 512, '{}')""", definition, function);
            h.execute("""
                    insert into pool (id, workspace_id, environment_id, app_id, function_id, definition_id, secret, state)
                    values (?, ?, ?, ?, ?, ?, 's', 'ACTIVE')""", pool, workspace, environment, app, function, definition);
        });
        return new PoolId(pool);
    }

    public String container(PoolId pool, int ordinal) {
        var id = NewId.of("ta");
        jdbi.useHandle(h -> h.execute("""
                insert into container (id, workspace_id, environment_id, app_id, function_id, pool_id, allocation_id, ordinal,
                    node, secret_hash, state, idle_since)
                select ?, workspace_id, environment_id, app_id, function_id, id, ?, ?, 'n', '', 'ACTIVE', now()
                from pool where id = ?""", id, id, ordinal, pool.value()));
        return id;
    }

    /** @return the pool's function, published */
    String function(PoolId pool) {
        return jdbi.withHandle(h -> h.createQuery("""
                        update function f set definition_id = p.definition_id from pool p
                        where f.id = p.function_id and p.id = :pool returning f.id""")
                .bind("pool", pool.value())
                .mapTo(String.class)
                .one());
    }

    /** @return another one whenever its row was written or locked */
    String version(String container) {
        return jdbi.withHandle(
                h -> h.createQuery("select xmin::text || ' ' || xmax::text from container where id = :id")
                        .bind("id", container)
                        .mapTo(String.class)
                        .one());
    }

    public void drain(String container) {
        jdbi.useHandle(h -> h.execute("update container set state = 'DRAINING' where id = ?", container));
    }

    public boolean isIdle(String container) {
        return jdbi.withHandle(h -> h.createQuery("select idle_since is not null from container where id = :id")
                .bind("id", container)
                .mapTo(Boolean.class)
                .one());
    }

    void claimedAgo(String input, Duration age) {
        jdbi.useHandle(h -> h.execute(
                "update input set claimed_at = now() - ? * interval '1 second' where id = ?", age.toSeconds(), input));
    }

    /** What was written before lies that much in the future now. */
    void clockWasSetBack(Duration by) {
        jdbi.useHandle(h -> h.execute(
                "update input set available_at = available_at + ? * interval '1 second' where app_id = ?",
                by.toSeconds(),
                app));
    }

    /** A call with these payloads. */
    String call(PoolId pool, String... payloads) {
        var call = NewId.of("fc");
        jdbi.useHandle(h -> {
            h.execute("""
                    insert into function_call (id, workspace_id, environment_id, app_id, function_id, kind, invocation, inputs)
                    select ?, workspace_id, environment_id, app_id, function_id, 'MAP', 4, ? from pool where id = ?""", call, payloads.length, pool.value());
            for (int idx = 0; idx < payloads.length; idx++) {
                var input = NewId.of("in");
                h.execute(
                        "insert into input (id, call_id, idx, app_id, pool_id, state) values (?, ?, ?, ?, ?, 'PENDING')",
                        input,
                        call,
                        idx,
                        app,
                        pool.value());
                h.execute(
                        "insert into input_payload (input_id, content) values (?, ?)",
                        input,
                        payloads[idx].getBytes(StandardCharsets.UTF_8));
            }
        });
        return call;
    }
}
