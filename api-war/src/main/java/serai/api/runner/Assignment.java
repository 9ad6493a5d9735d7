// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.json.bind.annotation.JsonbProperty;
import java.util.List;
import java.util.Map;
import serai.config.ImageConfig;
import serai.image.BaseLayer;
import serai.image.BaseSystem;

/**
 * What a runner has to start: one container.
 *
 * @param token proves to the server that somebody acts for the container: its id, a dot, its secret. As bearer over HTTP, in
 *     the header {@code x-serai-secret} over gRPC
 * @param servers those that run now, any of which will do; the one that answers first
 * @param arguments {@code modal.client.ContainerArguments}, serialized, in base64
 * @param pythonVersion major.minor that the image asks for; null for whatever the node has
 * @param environment the image's variables, the secrets' and the platform's: for the container only, never to be shown
 * @param root the image's own; null if the node's will do
 * @param entrypoint words before the runtime's command; may be empty
 * @param blockNetwork whether it has its loopback only
 * @param outbound the networks that it may reach, as {@code 10.0.0.0/8}; null for all
 * @param serve what it has to listen on; null for those that ask for inputs
 * @param keeps whether what it writes to its root becomes a layer of an image, if it ends well and the server still wants it
 */
public record Assignment(
        String container,
        String token,
        List<Server> servers,
        String arguments,
        Runtime runtime,
        String pythonVersion,
        Map<String, String> environment,
        String workdir,
        Root root,
        List<String> entrypoint,
        boolean blockNetwork,
        List<String> outbound,
        List<File> files,
        Limits limits,
        Serve serve,
        boolean keeps,
        long heartbeatIntervalS) {

    /**
     * One of the servers.
     *
     * @param httpUrl where runners reach it
     * @param rpcUrl where the container's calls go
     */
    public record Server(String httpUrl, String rpcUrl) {}

    /**
     * Of a container that is an HTTP server: requests come through a door that its runner keeps, and the runner keeps its lease.
     *
     * @param port on which its code listens, inside
     * @param startupTimeoutS after which something must listen there
     * @param exitGraceS that requests under way have before its code is told to end
     */
    public record Serve(int port, long startupTimeoutS, long exitGraceS) {}

    /** The servers that run now. */
    public record ServerList(List<Server> servers) {}

    /** The package whose entry point is started. */
    public record Runtime(@JsonbProperty("package") String name, String version) {}

    /**
     * What layers stand on, and they, the lowest first.
     *
     * @param base as {@link serai.image.BaseSystem}
     * @param layers by their digests
     * @param registry where layers are that the node does not have; null if there is none
     */
    public record Root(Base base, List<String> layers, Registry registry) {
        static Root of(BaseSystem base, List<BaseLayer> baseLayers, List<String> layers, ImageConfig settings) {
            return new Root(
                    Base.of(base, baseLayers, settings),
                    layers,
                    settings.registry()
                            .map(it -> new Registry(
                                    it.repository(), it.tls(), it.credentials().orElse("")))
                            .orElse(null));
        }
    }

    /**
     * That all nodes share.
     *
     * @param repository host:port/path
     * @param credentials file on the node; empty for none
     */
    public record Registry(String repository, boolean tls, String credentials) {}

    /**
     * @param interpreter directory of a Python that is put into it; empty for the runner's own, null for none
     * @param source directory or archive on the node; empty if it is made
     * @param micromamba program on the node that is put into it; null for none
     * @param environment for what is fetched on the way; images do not keep it
     * @param certificates file on the node with the authorities that are trusted; empty for the image's own
     * @param layers what it is, the highest first; empty if the node is to find out
     */
    public record Base(
            String name,
            String python,
            String interpreter,
            String source,
            String micromamba,
            String release,
            List<String> packages,
            Map<String, String> environment,
            String certificates,
            List<BaseLayer> layers) {

        static Base of(BaseSystem system, List<BaseLayer> layers, ImageConfig settings) {
            return new Base(
                    system.name(),
                    system.python(),
                    system.interpreter(),
                    system.source(),
                    system.micromamba(),
                    settings.release(),
                    List.of(settings.packages().split(",")),
                    settings.environment(),
                    settings.certificates(),
                    layers);
        }
    }

    /** @param mode permission bits */
    public record File(String path, String sha256, long size, int mode) {}

    /**
     * @param memoryMb mebibytes after which the container is killed; null for no limit
     * @param milliCpu thousandths of a core, of which it never has more; null for no limit
     * @param milliCpuRequest thousandths of a core that others do not take from it; null: the least that anybody has
     * @param pids processes and threads, of which there are never more
     * @param diskMb mebibytes that it may write on top of its image; null for a part of what its node has
     */
    public record Limits(Integer memoryMb, Integer milliCpu, Integer milliCpuRequest, int pids, Integer diskMb) {}
}
