// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;

/**
 * Work that one server does for all. Whoever holds a name goes on to hold it as long as it asks for it again; when it stops, or dies,
 * another one gets it after {@link #TERM}.
 *
 * <p>Terms are counted by the database's clock, and here by one that cannot be set: a server that was stopped for a while knows that
 * it holds nothing, except in the middle of a piece of work. So what is done under a lease must bear to be done twice.
 */
@ApplicationScoped
public class Leases {
    public static final Duration TERM = Duration.ofSeconds(5);

    /** To the cluster: until it is there, not until it is answered. */
    private static final Duration REQUEST = Duration.ofSeconds(1);

    private static final Duration FORGOTTEN = Duration.ofDays(1);

    private final Jdbi jdbi;
    private final Servers servers;
    private final LongSupplier nanoTime;

    /** By name, until when by a clock that cannot be set nobody else can hold it. */
    private final ConcurrentHashMap<String, Long> held = new ConcurrentHashMap<>();

    private volatile boolean given;

    @Inject
    public Leases(Jdbi jdbi, Servers servers) {
        this(jdbi, servers, System::nanoTime);
    }

    Leases(Jdbi jdbi, Servers servers, LongSupplier nanoTime) {
        this.jdbi = jdbi;
        this.servers = servers;
        this.nanoTime = nanoTime;
    }

    public Leases() {
        this(null, null); // for the server's proxy
    }

    /** @return whether this server holds it now, for half a term at least */
    public boolean hold(String name) {
        return !hold(List.of(name)).isEmpty();
    }

    /** Does it if this server holds the name. */
    public void under(String name, Runnable work) {
        if (hold(name)) {
            work.run();
        }
    }

    /** @return those that this server holds now */
    public Set<String> hold(Collection<String> names) {
        if (given) {
            return Set.of();
        }
        long begin = nanoTime.getAsLong();
        var mine = new HashSet<String>();
        var asked = new HashSet<String>();
        for (var name : names) {
            (left(name, begin) > TERM.toNanos() / 2 ? mine : asked).add(name);
        }
        if (!asked.isEmpty()) {
            var got = take(asked);
            got.forEach(name -> held.put(name, begin + TERM.toNanos()));
            mine.addAll(got);
            asked.removeAll(got);
            asked.forEach(held::remove);
        }
        return mine;
    }

    /** @return whether it surely holds it, without asking */
    public boolean holds(String name) {
        return left(name, nanoTime.getAsLong()) > 0;
    }

    /** @return whether nobody else can have held it since this server was given it, nor can while a request is on its way */
    public boolean keeps(String name) {
        long left = left(name, nanoTime.getAsLong());
        return left > REQUEST.toNanos()
                || left > 0 && hold(name) && left(name, nanoTime.getAsLong()) > REQUEST.toNanos();
    }

    private long left(String name, long now) {
        var until = held.get(name);
        return until == null ? 0 : until - now;
    }

    /** Sorted, so that two servers do not wait for each other. A term in the far future is of a clock that was set back since. */
    List<String> take(Set<String> names) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        insert into lease (name, server_id, until)
                        select name, :server, now() + :term * interval '1 ms' from unnest(:names) name order by name
                        on conflict (name) do update set server_id = excluded.server_id, until = excluded.until
                        where lease.server_id = excluded.server_id or lease.until not between now() and excluded.until
                        returning name""")
                .bind("server", servers.self().id())
                .bind("term", TERM.toMillis())
                .bindArray("names", String.class, names.toArray())
                .mapTo(String.class)
                .list());
    }

    /** This server takes none any more. */
    public void giveBack() {
        given = true;
        held.clear();
        jdbi.useHandle(handle -> handle.createUpdate("delete from lease where server_id = :server")
                .bind("server", servers.self().id())
                .execute());
    }

    /** Of work that nobody has any more. */
    public void forget() {
        held.values().removeIf(until -> until - nanoTime.getAsLong() < 0);
        jdbi.useHandle(
                handle -> handle.createUpdate("delete from lease where until < now() - :forgotten * interval '1 s'")
                        .bind("forgotten", FORGOTTEN.toSeconds())
                        .execute());
    }
}
