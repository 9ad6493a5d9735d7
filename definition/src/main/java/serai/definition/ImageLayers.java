// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import modal.client.Image;
import serai.config.RunnerConfig;
import serai.image.Images;
import serai.mount.Mount;
import serai.mount.Mounts;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** Images by the client's description of their layers. What would need a build is refused; the rest is ready at once. */
@ApplicationScoped
public class ImageLayers {
    /** From this one on the runtime's dependencies come from outside the image. */
    public static final String BUILDER_VERSION = "2026.10";

    /** The runtime's dependencies, which clients before 2025.06 put into their images; here they come from outside. */
    private static final String RUNTIME_REQUIREMENTS = "/modal_requirements.txt";

    private static final int ID_LENGTH = 22;

    private final Images images;
    private final Mounts mounts;
    private final RunnerConfig runner;

    @Inject
    public ImageLayers(Images images, Mounts mounts, RunnerConfig runner) {
        this.images = images;
        this.mounts = mounts;
        this.runner = runner;
    }

    public ImageLayers() {
        this(null, null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} naming what needs a build */
    public Ready getOrCreate(Tenant tenant, Image image, String builderVersion) {
        refuseBuilds(image);
        var contextMount = image.getContextMountId().isEmpty()
                ? Optional.<Mount>empty()
                : Optional.of(mounts.get(tenant, image.getContextMountId()));
        var id = identity(tenant, image, contextMount.map(Mount::checksum), builderVersion);
        var base = image.getBaseImagesList().stream().findFirst().map(b -> b.getImageId());
        var stored = images.getOrCreate(
                tenant,
                id,
                new Images.Request(
                        image.getDockerfileCommandsList(), base, contextMount.map(Mount::id), builderVersion));
        var contents = images.contents(stored.id());
        contents.pythonVersion().ifPresent(this::mustBeOurs);
        return new Ready(stored, contents);
    }

    /** An image with all that a container of it finds. */
    public record Ready(serai.image.Image image, Images.Contents contents) {}

    private void mustBeOurs(String wanted) {
        runner.pythonVersion().filter(ours -> !ours.equals(wanted)).ifPresent(ours -> {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "The image asks for Python %s, and the nodes have %s. Say modal.Image.debian_slim(python_version=\"%s\").",
                    wanted, ours, ours);
        });
    }

    private static void refuseBuilds(Image image) {
        refuse(image.getSecretIdsCount() > 0, "secrets in an image build");
        refuse(image.hasGpuConfig() && image.getGpuConfig().getCount() > 0, "a GPU in an image build");
        refuse(image.hasBuildFunction() || !image.getBuildFunctionDef().isEmpty(), "Image.run_function");
        refuse(
                image.getContextFilesList().stream()
                        .anyMatch(file -> !file.getFilename().equals(RUNTIME_REQUIREMENTS)),
                "context files, as pip_install_from_requirements sends them");
        refuse(image.getVolumeMountsCount() > 0, "volumes in an image build");
        refuse(image.getBaseImagesCount() > 1, "more than one base image");
    }

    private static void refuse(boolean used, String feature) {
        if (used) {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "Image builds are not available yet, and this image needs one: %s", feature);
        }
    }

    /** Same definition, same content, same workspace: same id. Ids of context mounts differ each time, so they do not count. */
    private static String identity(
            Tenant tenant, Image image, Optional<String> contextChecksum, String builderVersion) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(image.toBuilder().clearContextMountId().build().toByteArray());
            var rest = String.join("\0", tenant.workspaceId(), builderVersion, contextChecksum.orElse(""));
            digest.update(rest.getBytes(StandardCharsets.UTF_8));
            return "im-" + HexFormat.of().formatHex(digest.digest()).substring(0, ID_LENGTH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
