// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import serai.pool.PoolId;

/**
 * What the registry may have of ours, and what of it may go (ADR 0024). Nodes push and delete; here it is known when they may.
 *
 * <p>A tag is announced before it is pushed, and each push makes another manifest. Whoever wants to delete looks which manifest
 * the tag has, asks, and deletes that manifest. So what is allowed here was pushed before it was announced last.
 */
@ApplicationScoped
@Transactional
public class RegistryTags {
    /** At once: each is a few requests of a node to the registry. */
    private static final int MOST = 1_000;

    /** For a node to push what it has announced outside of a build. */
    private static final Duration PUSH = Duration.ofHours(1);

    /** Layers, publications and base systems that are known, and what is being pushed. */
    private static final String GARBAGE = """
            tag not in (
                select 'layer-' || left(digest, 32) from layer
                union all select 'base-' || left(digest, 32) from base_system
                union all select image_id || '-' || client_version from image_publication
                union all select r.tag from registry_tag r join image_build b on b.id = r.build_id where b.ended_at is null
                union all select tag from registry_tag where build_id = '' and announced_at > :recent)
            """;

    private final Jdbi jdbi;

    @Inject
    public RegistryTags(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public RegistryTags() {
        this(null); // for the server's proxy
    }

    /** They will be pushed. They are not garbage until the build is over, at least. */
    public void announce(PoolId build, List<String> tags, Instant now) {
        jdbi.useHandle(handle -> {
            Builds.mustBeUnderWay(handle, build);
            announce(handle, build.value(), tags, now);
        });
    }

    /** The registry lacks them: layers and base systems will be pushed again, publications when the image is asked for. */
    public void missed(List<String> tags, Instant now) {
        jdbi.useHandle(handle -> {
            handle.createUpdate("""
                            update image_publication set stale = true where image_id || '-' || client_version = any(:tags)""").bindArray("tags", String.class, tags).execute();
            announce(
                    handle,
                    "",
                    tags.stream()
                            .filter(tag -> tag.startsWith("layer-") || tag.startsWith("base-"))
                            .toList(),
                    now);
        });
    }

    private static void announce(Handle handle, String build, List<String> tags, Instant now) {
        handle.createUpdate("""
                        insert into registry_tag (tag, build_id, announced_at)
                        select tag, :build, :now from unnest(:tags) tag order by tag
                        on conflict (tag, build_id) do update set serial = excluded.serial, announced_at = excluded.announced_at""")
                .bind("build", build)
                .bind("now", Timestamp.from(now))
                .bindArray("tags", String.class, tags)
                .execute();
    }

    /** Some of those that nobody needs, in no order: one that cannot be deleted shall not be in the way of others. */
    public List<Tag> garbage(Instant now) {
        return jdbi.withHandle(handle -> handle.createQuery("select tag, max(serial) as serial from registry_tag where "
                        + GARBAGE + " group by tag order by random() limit :most")
                .bind("recent", Timestamp.from(now.minus(PUSH)))
                .bind("most", MOST)
                .map((row, context) -> new Tag(row.getString("tag"), row.getInt("serial")))
                .list());
    }

    /** Whether what the tag was seen to have may be deleted: nobody needs or announced it since, and no publication is the same. */
    public boolean mayGo(Tag tag, Optional<String> manifest, Instant now) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select coalesce(max(serial) = :serial, false) and not exists ("
                                + "select 1 from image_publication where reference like '%@' || :manifest)"
                                + " from registry_tag where tag = :tag and " + GARBAGE)
                        .bind("tag", tag.tag())
                        .bind("serial", tag.serial())
                        .bind("manifest", manifest.orElse(""))
                        .bind("recent", Timestamp.from(now.minus(PUSH)))
                        .mapTo(Boolean.class)
                        .one());
    }

    /** The registry has it no more, unless it was announced anew. */
    public void gone(Tag tag) {
        jdbi.useHandle(handle -> handle.createUpdate("delete from registry_tag where tag = :tag and serial <= :serial")
                .bind("tag", tag.tag())
                .bind("serial", tag.serial())
                .execute());
    }

    /** What the registry should have, of what a node could put there again. */
    public Wanted wanted(List<String> layers) {
        return jdbi.withHandle(handle -> new Wanted(
                handle.createQuery("""
                                select name from unnest(:names) name where exists (select 1 from layer where digest like name || '%')""")
                        .bindArray("names", String.class, layers)
                        .mapTo(String.class)
                        .list(),
                BaseLayer.recorded(handle),
                handle.createQuery("select image_id || '-' || client_version from image_publication where not stale")
                        .mapTo(String.class)
                        .list()));
    }

    /** @param serial of its last announcement */
    public record Tag(String tag, int serial) {
        /** Of the OCI distribution specification. */
        public static final Pattern NAME = Pattern.compile("\\w[\\w.-]{0,127}");

        /** Of a tag's manifest, or empty for none. */
        public static final Pattern MANIFEST = Pattern.compile("(sha256:[0-9a-f]{64})?");
    }

    /**
     * @param layers by the names that nodes have for them
     * @param publications by their tags
     */
    public record Wanted(List<String> layers, List<BaseLayer> bases, List<String> publications) {}
}
