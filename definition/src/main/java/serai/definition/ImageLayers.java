// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import modal.client.DataFormat;
import modal.client.FunctionInput;
import modal.client.Image;
import modal.client.ImageContextFile;
import serai.device.DeviceNames;
import serai.image.Images;
import serai.mount.Mount;
import serai.mount.MountFile;
import serai.mount.Mounts;
import serai.problem.Problem;
import serai.secret.Secrets;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** Images by the client's description of their layers: what is read here may have to be built. */
@ApplicationScoped
public class ImageLayers {
    /** From this one on the runtime's dependencies come from outside the image. */
    public static final String BUILDER_VERSION = "2026.10";

    private static final int ID_LENGTH = 22;

    /** {@code python-build-standalone.20261021.3.12.15-gnu}; a t after the number is a Python without a global lock. */
    private static final Pattern STANDALONE_PYTHON =
            Pattern.compile(Pattern.quote(Mount.STANDALONE_PYTHON) + "\\d+\\.(3\\.\\d+)\\.\\d+(t?)-gnu");

    private static final int FILE_MODE = 0644;

    private final Images images;
    private final Mounts mounts;
    private final Workspaces workspaces;
    private final Secrets secrets;
    private final DeviceNames devices;

    @Inject
    public ImageLayers(Images images, Mounts mounts, Workspaces workspaces, Secrets secrets, DeviceNames devices) {
        this.images = images;
        this.mounts = mounts;
        this.workspaces = workspaces;
        this.secrets = secrets;
        this.devices = devices;
    }

    public ImageLayers() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /**
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} naming what cannot be built, {@link
     *     Problem#INVALID_ARGUMENT} for a GPU that is not known
     */
    public Read getOrCreate(Tenant tenant, Image image, String builderVersion) {
        refuseUnsupported(image);
        secrets.mustFit(tenant, image.getSecretIdsList());
        if (!image.getImageRegistryConfig().getSecretId().isEmpty()) {
            secrets.mustFit(tenant, List.of(image.getImageRegistryConfig().getSecretId()));
        }
        var gpu = new GpuReader(devices).read(image.getGpuConfig());
        var contextMount = image.getContextMountId().isEmpty()
                ? Optional.<Mount>empty()
                : Optional.of(mounts.get(tenant, image.getContextMountId()));
        var python = contextMount.map(Mount::name).flatMap(ImageLayers::standalonePython);
        var id = identity(tenant, image, python.or(() -> contextMount.map(Mount::checksum)), builderVersion);
        var base = image.getBaseImagesList().stream().findFirst().map(b -> b.getImageId());
        var stored = images.find(id)
                .orElseGet(() -> images.getOrCreate(
                        tenant,
                        id,
                        new Images.Request(
                                image.getDockerfileCommandsList(),
                                base,
                                context(tenant, image, contextMount),
                                image.getBuildArgsMap(),
                                image.getSecretIdsList(),
                                python,
                                function(image),
                                gpu,
                                builderVersion)));
        images.used(stored.id(), Instant.now());
        return new Read(stored, images.contents(stored.id()));
    }

    /** What the function is called with that makes it: no input is one without arguments. */
    private static Optional<byte[]> function(Image image) {
        if (!image.hasBuildFunction()) {
            return Optional.empty();
        }
        if (image.getDockerfileCommandsCount() > 0) {
            throw Problem.INVALID_ARGUMENT.because("an image is made by commands or by a function, not by both");
        }
        var function = image.getBuildFunction();
        var input = function.hasInput()
                ? function.getInput()
                : FunctionInput.newBuilder()
                        .setDataFormat(DataFormat.DATA_FORMAT_PICKLE)
                        .build();
        return Optional.of(input.toByteArray());
    }

    /** An image with all that a container of it finds, as soon as nothing is missing. */
    public record Read(serai.image.Image image, Images.Contents contents) {}

    private List<String> context(Tenant tenant, Image image, Optional<Mount> mount) {
        var context = new ArrayList<String>();
        mount.map(Mount::id).ifPresent(context::add);
        if (image.getContextFilesCount() > 0) {
            var files = image.getContextFilesList().stream()
                    .map(file -> stored(tenant, file))
                    .toList();
            context.add(mounts.create(tenant, workspaces.environment(tenant, ""), Optional.empty(), files)
                    .id());
        }
        return context;
    }

    private MountFile stored(Tenant tenant, ImageContextFile file) {
        var content = file.getData().toByteArray();
        var sha256 = HexFormat.of().formatHex(sha256().digest(content));
        mounts.put(tenant, sha256, content, Instant.now());
        return new MountFile(file.getFilename(), sha256, FILE_MODE);
    }

    /** Of {@code add_python}: major.minor. */
    private static Optional<String> standalonePython(String mount) {
        var standalone = STANDALONE_PYTHON.matcher(mount);
        return standalone.matches() ? Optional.of(standalone.group(1) + standalone.group(2)) : Optional.empty();
    }

    private static void refuseUnsupported(Image image) {
        refuse(!image.getBuildFunctionDef().isEmpty(), "Image.run_function of so old a client");
        refuse(image.getVolumeMountsCount() > 0, "volumes in an image build");
        refuse(image.getBaseImagesCount() > 1, "more than one base image");
    }

    private static void refuse(boolean used, String feature) {
        if (used) {
            throw Problem.IMAGE_UNSUPPORTED.because("This image cannot be built: %s is not supported", feature);
        }
    }

    /** Same definition, same content, same workspace: same id. Ids of context mounts differ each time, so they do not count. */
    private static String identity(
            Tenant tenant, Image image, Optional<String> contextChecksum, String builderVersion) {
        var digest = sha256();
        digest.update(image.toBuilder().clearContextMountId().build().toByteArray());
        var rest = String.join("\0", tenant.workspaceId(), builderVersion, contextChecksum.orElse(""));
        digest.update(rest.getBytes(StandardCharsets.UTF_8));
        return Images.PREFIX + HexFormat.of().formatHex(digest.digest()).substring(0, ID_LENGTH);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
