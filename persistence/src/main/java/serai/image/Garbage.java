// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Instant;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Forgets layers by age and size, with their images' publications, and old builds. An image that lost its layer is built again when it
 * is asked for; one that a function's pool may start containers of, or that has a name, keeps both. Nodes remove what is forgotten here, from themselves and
 * from the registry, after their next build, or by command.
 */
@ApplicationScoped
public class Garbage {
    /** Images of pools that are there, those that have a name, and all that these stand on. */
    private static final String IN_USE = """
            with recursive used(id) as (
                select d.image_id from definition d join pool p on p.definition_id = d.id
                where p.state <> 'GONE' and d.image_id is not null
                union select n.image_id from image_name n join environment e on e.id = n.environment_id
                where e.deleted_at is null
                union select i.base_id from image i join used u on i.id = u.id where i.base_id is not null)
            """;

    private final Jdbi jdbi;

    @Inject
    public Garbage(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public Garbage() {
        this(null); // for the server's proxy
    }

    /**
     * @param unusedSince images that nobody asked for since then lose their layers
     * @param maxBytes of all layers together; beyond it those lose theirs first that were asked for least lately
     * @param buildsSince builds that ended before are forgotten with what they said
     */
    @Transactional
    public Forgotten collect(Instant unusedSince, long maxBytes, Instant buildsSince) {
        return jdbi.withHandle(handle -> {
            handle.createUpdate("delete from image_build where ended_at < :before and not declared")
                    .bind("before", Timestamp.from(buildsSince))
                    .execute();
            handle.createUpdate(IN_USE
                            + "update image set layer = null where layer is not null and used_at < :before"
                            + " and id not in (select id from used)")
                    .bind("before", Timestamp.from(unusedSince))
                    .execute();
            var old = forget(handle);
            handle.createUpdate(IN_USE + """
                            , sized as (
                                select l.digest, sum(l.size) over (order by l.used_at desc, l.digest) as total from layer l)
                            update image set layer = null
                            where layer in (select digest from sized where total > :max) and id not in (select id from used)""").bind("max", maxBytes).execute();
            var large = forget(handle);
            unpublish(handle);
            return old.and(large);
        });
    }

    /** Locked first, and looked at again: a build may have made one of them in between. What a build has locked is being made. */
    private static Forgotten forget(Handle handle) {
        var unused = handle.createQuery("""
                        select digest from layer where not exists (select 1 from image where image.layer = layer.digest)
                        for update skip locked""").mapTo(String.class).list();
        return handle.createQuery("""
                        with gone as (
                            delete from layer where digest = any(:unused)
                                and not exists (select 1 from image where image.layer = layer.digest)
                            returning size)
                        select count(*) as layers, coalesce(sum(size), 0) as bytes from gone""")
                .bindArray("unused", String.class, unused)
                .map((row, context) -> new Forgotten(row.getInt("layers"), row.getLong("bytes")))
                .one();
    }

    /** Of images without their layer, from which nothing starts. Locked first, as above. */
    private static void unpublish(Handle handle) {
        var idle =
                " exists (select 1 from image i where i.id = p.image_id and i.layer is null and i.id not in (select id from used))";
        var unused = handle.createQuery(IN_USE + "select p.image_id from image_publication p where" + idle
                        + " for update of p skip locked")
                .mapTo(String.class)
                .list();
        handle.createUpdate(IN_USE + "delete from image_publication p where p.image_id = any(:unused) and" + idle)
                .bindArray("unused", String.class, unused)
                .execute();
    }

    /** What no image has any more. */
    public record Forgotten(int layers, long bytes) {
        private Forgotten and(Forgotten other) {
            return new Forgotten(layers + other.layers, bytes + other.bytes);
        }
    }
}
