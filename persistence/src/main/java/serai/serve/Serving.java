// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.serve;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Jdbi;
import serai.call.Inputs;
import serai.peer.Servers;
import serai.pool.PoolId;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * Containers that serve HTTP by themselves. A request is no input: of what goes to them only counts are kept, as each server tells
 * them about once a second, for the autoscaler to see.
 */
@ApplicationScoped
public class Serving {
    /** Those that nobody holds are idle. */
    private static final String REST = """
            update container c set idle_since = clock_timestamp()
            where c.idle_since is null and c.ready_at is not null and c.state <> 'ENDED'
                and exists (select 1 from door d where d.container_id = c.id)
                and not exists (select 1 from door_hold h where h.container_id = c.id)""";

    private final Jdbi jdbi;
    private final Signals signals;

    @Inject
    public Serving(Jdbi jdbi, Signals signals) {
        this.jdbi = jdbi;
        this.signals = signals;
    }

    public Serving() {
        this(null, null); // for the server's proxy
    }

    /**
     * What a request to a pool finds.
     *
     * @param doors of containers that take requests, the lowest ordinal first
     * @param before requests by container that other servers have under way there, of those whose id is less than this one's: who
     *     looks at all others makes way for one that makes way for it
     * @param isOpen whether it takes requests at all: a pool of an earlier version does not, nor one of an app that is stopped
     * @param gaveUpAt when its starts had failed too often; empty before
     */
    public record Look(List<Door> doors, Map<String, Integer> before, boolean isOpen, Optional<Instant> gaveUpAt) {}

    /** The container's code was entered: what it starts may listen from now on. @return whether the container is ready by that */
    public boolean entered(String containerId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        insert into door (container_id, entered) values (:id, true)
                        on conflict (container_id) do update set entered = true
                        returning listening""")
                .bind("id", containerId)
                .mapTo(Boolean.class)
                .one());
    }

    /**
     * Its runner tells where it is reached, and whether anything listens there.
     *
     * @return whether the container is ready by that
     */
    public boolean told(Door door, boolean listening) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        insert into door (container_id, host, port, token, listening)
                        values (:id, :host, :port, :token, :listening)
                        on conflict (container_id) do update set host = :host, port = :port, token = :token, listening = :listening
                        returning entered and listening""")
                .bind("id", door.containerId())
                .bind("host", door.host())
                .bind("port", door.port())
                .bind("token", door.token())
                .bind("listening", listening)
                .mapTo(Boolean.class)
                .one());
    }

    /** What is open, or is not any more, is looked at by those who wait for it. */
    public void changed(PoolId pool) {
        signals.afterCommit(Topic.work(pool.value()));
    }

    /** Of containers that take requests, the lowest ordinal first. */
    public List<Door> doors(PoolId pool) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select d.container_id, d.host, d.port, d.token from door d join container c on c.id = d.container_id
                        where c.pool_id = :pool and c.state = 'ACTIVE' and d.entered and d.listening order by c.ordinal""")
                .bind("pool", pool.value())
                .map((row, context) -> new Door(
                        row.getString("container_id"),
                        row.getString("host"),
                        row.getInt("port"),
                        row.getString("token")))
                .list());
    }

    /** @param serverId this one */
    public Look look(PoolId pool, String serverId) {
        var doors = doors(pool);
        return jdbi.withHandle(handle -> {
            var before = handle.createQuery("""
                            select h.container_id, sum(h.in_use) as in_use from door_hold h join container c on c.id = h.container_id
                            where c.pool_id = :pool and h.server_id < :server group by 1""")
                    .bind("pool", pool.value())
                    .bind("server", serverId)
                    .collectRows(Collectors.toMap(
                            row -> row.getColumn("container_id", String.class),
                            row -> row.getColumn("in_use", Integer.class)));
            return handle.createQuery("select state, gave_up_at from pool where id = :pool")
                    .bind("pool", pool.value())
                    .map((row, context) -> new Look(
                            doors,
                            before,
                            row.getString("state").equals("ACTIVE"),
                            Optional.ofNullable(row.getTimestamp("gave_up_at")).map(Timestamp::toInstant)))
                    .findOne()
                    .orElse(new Look(doors, before, false, Optional.empty()));
        });
    }

    /** From here on it is not idle, until it is released. @return false if it takes no more requests */
    public boolean hold(String containerId, String serverId) {
        return jdbi.withHandle(handle -> handle.createUpdate("""
                        with held as (
                            update container set idle_since = null where id = :id and state = 'ACTIVE' returning id)
                        insert into door_hold (container_id, server_id, in_use) select id, :server, 1 from held
                        on conflict (container_id, server_id) do update set in_use = door_hold.in_use""")
                        .bind("id", containerId)
                        .bind("server", serverId)
                        .execute())
                > 0;
    }

    /** Nothing of this server is under way there. */
    @Transactional
    public void release(String containerId, String serverId) {
        jdbi.useHandle(handle -> {
            handle.createQuery(
                            "select 1 from container where id = :id for update") // before what others hold is looked at
                    .bind("id", containerId)
                    .mapTo(Integer.class)
                    .findOne();
            handle.createUpdate("delete from door_hold where container_id = :id and server_id = :server")
                    .bind("id", containerId)
                    .bind("server", serverId)
                    .execute();
            handle.createUpdate(REST + " and c.id = :id")
                    .bind("id", containerId)
                    .execute();
        });
    }

    /**
     * What this server has under way now.
     *
     * @param inUse requests by container, of those that it holds
     * @return those of them that it does not hold any more, as it was taken for gone
     */
    public List<String> report(String serverId, PoolId pool, int waiting, Map<String, Integer> inUse) {
        return jdbi.withHandle(handle -> {
            if (waiting > 0) {
                handle.createUpdate("""
                                insert into door_wait (pool_id, server_id, waiting)
                                select id, :server, :waiting from pool where id = :pool
                                on conflict (pool_id, server_id) do update set waiting = :waiting""")
                        .bind("pool", pool.value())
                        .bind("server", serverId)
                        .bind("waiting", waiting)
                        .execute();
            } else {
                handle.createUpdate("delete from door_wait where pool_id = :pool and server_id = :server")
                        .bind("pool", pool.value())
                        .bind("server", serverId)
                        .execute();
            }
            var lost = new ArrayList<String>();
            inUse.forEach((id, count) -> {
                int held = handle.createUpdate(
                                "update door_hold set in_use = :count where container_id = :id and server_id = :server")
                        .bind("id", id)
                        .bind("server", serverId)
                        .bind("count", count)
                        .execute();
                if (held == 0) {
                    lost.add(id);
                }
            });
            return lost;
        });
    }

    /** @return requests that wait and that are under way, as all servers told them last */
    public Inputs.Load load(PoolId pool) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select (select coalesce(sum(waiting), 0) from door_wait where pool_id = :pool) as pending,
                            (select coalesce(sum(h.in_use), 0) from door_hold h join container c on c.id = h.container_id
                                where c.pool_id = :pool) as running""")
                .bind("pool", pool.value())
                .map((row, context) -> new Inputs.Load(row.getInt("pending"), row.getInt("running")))
                .one());
    }

    /** Servers that have gone hold nothing, and nobody waits there. */
    @Transactional
    public void forgetServers() {
        jdbi.useHandle(handle -> {
            var gone =
                    "server_id not in (select id from server where abs(extract(epoch from now() - seen_at)) < :silence)";
            int forgotten = 0;
            for (var table : List.of("door_wait", "door_hold")) {
                forgotten += handle.createUpdate("delete from %s where %s".formatted(table, gone))
                        .bind("silence", Servers.SILENCE.toSeconds())
                        .execute();
            }
            if (forgotten > 0) {
                handle.createUpdate(REST).execute();
            }
        });
    }
}
