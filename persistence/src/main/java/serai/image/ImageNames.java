// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Jdbi;
import serai.problem.Problem;
import serai.workspace.Environment;

/** Names of images in an environment. An image that has one keeps its layers. */
@ApplicationScoped
@Transactional
public class ImageNames {
    private static final Pattern NAME =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

    private final Jdbi jdbi;

    @Inject
    public ImageNames(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public ImageNames() {
        this(null); // for the server's proxy
    }

    /**
     * Whoever has the name gives it away.
     *
     * @param name with its tag
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for what is no name with a tag, {@link
     *     Problem#ENVIRONMENT_NOT_FOUND} if it was deleted meanwhile
     */
    public void give(Environment environment, String name, String imageId, Instant now) {
        if (!NAME.matcher(name).matches()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "\"%s\" is no name of an image with its tag: letters, digits, and . _ - are needed, as in lab:v1",
                    name);
        }
        int given = jdbi.withHandle(handle -> handle.createUpdate("""
                        with kept as (select id from environment where id = :environment and deleted_at is null for share),
                        given as (
                            insert into image_name (environment_id, name, image_id, created_at, published_at)
                            select id, :name, :image, :now, :now from kept
                            on conflict (environment_id, name)
                            do update set image_id = excluded.image_id, published_at = excluded.published_at
                            returning environment_id, name, image_id, published_at)
                        insert into image_name_revision (environment_id, name, image_id, published_at)
                        select * from given""")
                .bind("environment", environment.id())
                .bind("name", name)
                .bind("image", imageId)
                .bind("now", Timestamp.from(now))
                .execute());
        if (given == 0) {
            throw Problem.ENVIRONMENT_NOT_FOUND.because("Environment '%s' not found", environment.name());
        }
    }

    /** @return the image that has the name */
    public Optional<String> find(Environment environment, String name) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select image_id from image_name where environment_id = :environment and name = :name")
                .bind("environment", environment.id())
                .bind("name", name)
                .mapTo(String.class)
                .findOne());
    }

    /** @return whether somebody had it. Who had it before is forgotten, too */
    public boolean take(Environment environment, String name) {
        return jdbi.withHandle(handle ->
                handle.createUpdate("delete from image_name where environment_id = :environment and name = :name")
                                .bind("environment", environment.id())
                                .bind("name", name)
                                .execute()
                        > 0);
    }

    /**
     * @param imageId of the image that has them; empty for any
     * @param after the last one that is known already; empty for the first page
     */
    public List<Named> list(Environment environment, String prefix, String imageId, String after, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select name, image_id, created_at, published_at from image_name
                        where environment_id = :environment and starts_with(name, :prefix)
                            and (:image = '' or image_id = :image) and name > :after collate "C"
                        order by name collate "C" limit :limit""")
                .bind("environment", environment.id())
                .bind("prefix", prefix)
                .bind("image", imageId)
                .bind("after", after)
                .bind("limit", limit)
                .map((row, context) -> new Named(
                        row.getString("name"),
                        row.getString("image_id"),
                        row.getTimestamp("created_at").toInstant(),
                        row.getTimestamp("published_at").toInstant()))
                .list());
    }

    /** Images that were given the name, the last one first. @param before only revisions below it */
    public List<Revision> history(Environment environment, String name, long before, int limit) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select id, image_id, published_at from image_name_revision
                        where environment_id = :environment and name = :name and id < :before
                        order by id desc limit :limit""")
                .bind("environment", environment.id())
                .bind("name", name)
                .bind("before", before)
                .bind("limit", limit)
                .map((row, context) -> new Revision(
                        row.getLong("id"),
                        row.getString("image_id"),
                        row.getTimestamp("published_at").toInstant()))
                .list());
    }

    /** @param id grows with time */
    public record Revision(long id, String imageId, Instant publishedAt) {}

    /** @param publishedAt when the image was given the name */
    public record Named(String name, String imageId, Instant createdAt, Instant publishedAt) {}
}
