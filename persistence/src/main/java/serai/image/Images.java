// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Images by the definition of their layers: the same definition has the same id. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Images {
    private final EntityManager em;
    private final Jdbi jdbi;

    @Inject
    public Images(EntityManager em, Jdbi jdbi) {
        this.em = em;
        this.jdbi = jdbi;
    }

    public Images() {
        this(null, null); // for the server's proxy
    }

    /**
     * The image of a layer definition, which is final at once: nothing has to be built for what is supported.
     *
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} naming the line that needs a build
     */
    public Image getOrCreate(Tenant tenant, String id, Request request) {
        var present = em.find(Image.class, id);
        if (present != null) {
            return present;
        }
        var layer = DockerfileReader.read(request.dockerfile());
        request.baseId().ifPresent(base -> get(tenant, base));
        if (request.baseId().isEmpty() && layer.pythonVersion().isEmpty()) {
            throw Problem.INVALID_ARGUMENT.because("an image needs a base: a FROM line or a base image");
        }
        em.createNativeQuery("""
                        insert into image (id, workspace_id, base_id, builder_version, python_version, environment, workdir)
                        values (:id, :ws, :base, :builder, :python, '{}', :workdir) on conflict do nothing""")
                .setParameter("id", id)
                .setParameter("ws", tenant.workspaceId())
                .setParameter("base", request.baseId().orElse(null))
                .setParameter("builder", request.builderVersion())
                .setParameter("python", layer.pythonVersion().orElse(null))
                .setParameter("workdir", layer.workdir().orElse(null))
                .executeUpdate();
        var image = em.find(Image.class, id);
        image.describe(layer);
        if (layer.copiesFiles()) {
            var mount = request.contextMount()
                    .orElseThrow(() -> Problem.INVALID_ARGUMENT.because("COPY without a context mount"));
            em.createNativeQuery(
                            "insert into image_mount (image_id, mount_id) values (:image, :mount) on conflict do nothing")
                    .setParameter("image", id)
                    .setParameter("mount", mount)
                    .executeUpdate();
        }
        return image;
    }

    /** @throws serai.problem.ProblemException {@link Problem#IMAGE_NOT_FOUND}, also for another workspace's */
    public Image get(Tenant tenant, String id) {
        var image = em.find(Image.class, id);
        if (image == null || !image.workspaceId().equals(tenant.workspaceId())) {
            throw Problem.IMAGE_NOT_FOUND.because("Image '%s' not found", id);
        }
        return image;
    }

    /** What a container of the image finds: all layers, the lowest first. */
    public Contents contents(String imageId) {
        var layers = new ArrayList<Image>();
        for (var at = em.find(Image.class, imageId);
                at != null;
                at = at.baseId() == null ? null : em.find(Image.class, at.baseId())) {
            layers.addFirst(at);
        }
        var environment = new HashMap<String, String>();
        var mounts = new ArrayList<String>();
        String python = null;
        String workdir = null;
        for (var layer : layers) {
            python = layer.pythonVersion() == null ? python : layer.pythonVersion();
            workdir = layer.workdir() == null ? workdir : layer.workdir();
            environment.putAll(layer.environment());
            mounts.addAll(jdbi.withHandle(
                    handle -> handle.createQuery("select mount_id from image_mount where image_id = :id")
                            .bind("id", layer.id())
                            .mapTo(String.class)
                            .list()));
        }
        return new Contents(
                Optional.ofNullable(python), environment, Optional.ofNullable(workdir), List.copyOf(mounts));
    }

    /** What a client asks for. */
    public record Request(
            List<String> dockerfile, Optional<String> baseId, Optional<String> contextMount, String builderVersion) {}

    /** All layers of an image together. */
    public record Contents(
            Optional<String> pythonVersion,
            java.util.Map<String, String> environment,
            Optional<String> workdir,
            List<String> mounts) {}
}
