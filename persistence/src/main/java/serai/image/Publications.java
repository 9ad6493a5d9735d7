// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import serai.config.ImageConfig;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Images in a registry, with the runtime of a client's version in them, where a container engine runs them. */
@ApplicationScoped
@Transactional
public class Publications {
    private final Jdbi jdbi;
    private final Images images;
    private final ImageConfig settings;

    @Inject
    public Publications(Jdbi jdbi, Images images, ImageConfig settings) {
        this.jdbi = jdbi;
        this.images = images;
        this.settings = settings;
    }

    public Publications() {
        this(null, null, null); // for the server's proxy
    }

    /** Whether the image has to be published before a container of a client of that version can start well. */
    public boolean isDue(Images.Contents image, String clientVersion) {
        return settings.engine().isPresent()
                && image.built().map(built -> !isThere(built, clientVersion)).orElse(false);
    }

    /**
     * What the engine runs; empty if no engine runs containers here.
     *
     * @param clientVersion another one's will do, as the runtime is installed when a container starts then
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} if it was never published
     */
    public Optional<String> reference(String imageId, String clientVersion) {
        if (settings.engine().isEmpty()) {
            return Optional.empty();
        }
        var built = imageId == null
                ? Optional.<String>empty()
                : images.contents(imageId).built();
        return Optional.of(built.flatMap(id -> exact(id, clientVersion).or(() -> any(id)))
                .orElseThrow(() -> Problem.IMAGE_UNSUPPORTED.because(
                        "The image is not in the registry %s, from which containers are run: deploy with the client to build it",
                        repository())));
    }

    private String repository() {
        return settings.registry().map(ImageConfig.Registry::repository).orElse("");
    }

    /**
     * An image by its id alone, for who does not know what it is built of, and cannot have it published. It is used from now on.
     *
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_NOT_FOUND} if nothing could run it, also for another workspace's
     */
    public Images.Contents known(Tenant tenant, String imageId, Instant now) {
        var image = images.whole(tenant, imageId);
        if (settings.engine().isPresent()
                && image.built().filter(this::isAnywhere).isEmpty()) {
            throw Problem.IMAGE_NOT_FOUND.because(
                    "The image is not in the registry %s, from which containers are run: build it again by what it was described with",
                    repository());
        }
        images.used(imageId, now);
        return image;
    }

    private boolean isAnywhere(String imageId) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select exists (select 1 from image_publication where image_id = :image and not stale)")
                .bind("image", imageId)
                .mapTo(Boolean.class)
                .one());
    }

    /** The image of a build is there. Nothing is written for one that has no part of its own. */
    public void published(Builds.Build build, String reference, Instant now) {
        images.contents(build.imageId())
                .built()
                .ifPresent(id -> jdbi.useHandle(handle -> {
                    Builds.mustBeUnderWay(handle, build.id());
                    handle.createUpdate("""
                                    insert into image_publication (image_id, client_version, reference, published_at)
                                    values (:image, :version, :reference, :now)
                                    on conflict (image_id, client_version) do update set
                                        reference = excluded.reference, published_at = excluded.published_at, stale = false""")
                            .bind("image", id)
                            .bind("version", build.clientVersion())
                            .bind("reference", reference)
                            .bind("now", Timestamp.from(now))
                            .execute();
                }));
    }

    private Optional<String> exact(String imageId, String clientVersion) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select reference from image_publication where image_id = :image and client_version = :version""")
                .bind("image", imageId)
                .bind("version", clientVersion)
                .mapTo(String.class)
                .findOne());
    }

    private boolean isThere(String imageId, String clientVersion) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select exists (
                            select 1 from image_publication where image_id = :image and client_version = :version and not stale)""")
                .bind("image", imageId)
                .bind("version", clientVersion)
                .mapTo(Boolean.class)
                .one());
    }

    /** The first: a later one is no reason to replace containers. */
    private Optional<String> any(String imageId) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select reference from image_publication where image_id = :image order by published_at limit 1""")
                .bind("image", imageId)
                .mapTo(String.class)
                .findOne());
    }
}
