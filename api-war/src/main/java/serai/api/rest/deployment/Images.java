// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import modal.client.BaseImage;
import modal.client.Image;
import serai.config.RunnerConfig;
import serai.definition.ClientVersion;
import serai.definition.ImageLayers;
import serai.image.Publications;
import serai.problem.Problem;
import serai.workspace.Tenant;

/** The image that {@code modal.Image.debian_slim(python_version).env(…)} stands for, layer by layer. */
@ApplicationScoped
public class Images {
    /** What the client's builder of that version says after {@code FROM}. */
    private static final List<String> SLIM = List.of(
            "RUN apt-get update",
            "RUN apt-get install -y gcc gfortran build-essential",
            "RUN pip install --upgrade pip wheel uv",
            "RUN echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections",
            "CMD [\"sleep\", \"172800\"]");

    private final ImageLayers layers;
    private final RunnerConfig runner;
    private final Publications publications;

    @Inject
    public Images(ImageLayers layers, RunnerConfig runner, Publications publications) {
        this.publications = publications;
        this.layers = layers;
        this.runner = runner;
    }

    public Images() {
        this(null, null, null); // for the server's proxy
    }

    /** @return the image's id */
    String of(Tenant tenant, Optional<String> pythonVersion, Map<String, String> environment) {
        var python = pythonVersion
                .or(runner::pythonVersion)
                .orElseThrow(() -> Problem.INVALID_ARGUMENT.because(
                        "python_version: missing, and the server does not know which Python its nodes have"));
        var slim = Image.newBuilder()
                .addDockerfileCommands("FROM python:%s-slim-bookworm".formatted(python))
                .addAllDockerfileCommands(SLIM)
                .build();
        var base = ready(tenant, slim);
        if (environment.isEmpty()) {
            return base;
        }
        var layer = Image.newBuilder()
                .addBaseImages(BaseImage.newBuilder().setImageId(base).setDockerTag("base"))
                .addDockerfileCommands("FROM base");
        new TreeMap<>(environment)
                .forEach((name, value) -> layer.addDockerfileCommands("ENV %s=%s".formatted(name, quoted(value))));
        return ready(tenant, layer.build());
    }

    private String ready(Tenant tenant, Image image) {
        var layer = layers.getOrCreate(tenant, image, ImageLayers.BUILDER_VERSION);
        if (!layer.contents().isReady()) {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "python_version: an image with another Python than the nodes' (%s) has to be built first; deploy once"
                            + " with the client",
                    runner.pythonVersion().orElse("unknown"));
        }
        publications.reference(layer.image().id(), ClientVersion.STANDARD); // or it is refused
        return layer.image().id();
    }

    /** As a POSIX shell reads it back, whatever it contains. */
    private static String quoted(String value) {
        return "'" + value.replace("'", "'\"'\"'") + "'";
    }
}
