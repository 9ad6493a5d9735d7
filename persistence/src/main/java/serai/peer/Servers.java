// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.peer;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import serai.config.HttpConfig;
import serai.config.RpcConfig;
import serai.id.NewId;

/** The servers that run on this database. Who is there is told by the database's clock; what is known here is some seconds old. */
@ApplicationScoped
public class Servers {
    /** How often a server says that it is there. */
    public static final Duration BEAT = Duration.ofSeconds(2);

    /** Three beats may be lost. */
    public static final Duration SILENCE = BEAT.multipliedBy(4);

    private final Jdbi jdbi;
    private final Server self;
    private volatile List<Server> others = List.of();
    private volatile boolean left;

    /**
     * @param id another one at each start
     * @param http where runners reach it
     * @param rpc where containers reach it
     */
    public record Server(String id, URI http, URI rpc) {}

    @Inject
    public Servers(Jdbi jdbi, HttpConfig http, RpcConfig rpc) {
        this(jdbi, http.url(), rpc.url());
    }

    public Servers(Jdbi jdbi, URI http, URI rpc) {
        this.jdbi = jdbi;
        this.self = new Server(NewId.lowerCase("sv"), http, rpc);
    }

    public Servers() {
        this(null, URI.create(""), URI.create("")); // for the server's proxy
    }

    public Server self() {
        return self;
    }

    public boolean areOthers() {
        return !others.isEmpty();
    }

    /** @return this one first */
    public List<Server> all() {
        var all = new ArrayList<Server>();
        all.add(self);
        all.addAll(others);
        return all;
    }

    /** Where runners reach them, in an order of their own: a job that names them is the same whoever of them declares it. */
    public List<URI> addresses() {
        return all().stream().map(Server::http).distinct().sorted().toList();
    }

    /** Says that this server is there, and looks who else is. */
    public void beat() {
        if (left) {
            return;
        }
        others = jdbi.withHandle(handle -> {
            handle.createUpdate("""
                            insert into server (id, http_url, rpc_url) values (:id, :http, :rpc)
                            on conflict (id) do update set seen_at = now()""")
                    .bind("id", self.id)
                    .bind("http", self.http.toString())
                    .bind("rpc", self.rpc.toString())
                    .execute();
            // on both sides: a clock that was set back shall not keep the dead
            handle.createUpdate("delete from server where abs(extract(epoch from now() - seen_at)) > :forgotten")
                    .bind("forgotten", Duration.ofHours(1).toSeconds())
                    .execute();
            return handle.createQuery("""
                            select id, http_url, rpc_url from server
                            where id <> :id and abs(extract(epoch from now() - seen_at)) < :silence
                            order by started_at, id""")
                    .bind("id", self.id)
                    .bind("silence", SILENCE.toSeconds())
                    .map((row, context) -> new Server(
                            row.getString("id"),
                            URI.create(row.getString("http_url")),
                            URI.create(row.getString("rpc_url"))))
                    .list();
        });
    }

    /** It is not asked for anything any more. */
    public void leave() {
        left = true;
        jdbi.useHandle(handle -> handle.createUpdate("delete from server where id = :id")
                .bind("id", self.id)
                .execute());
    }
}
