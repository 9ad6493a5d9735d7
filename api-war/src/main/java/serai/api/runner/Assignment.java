// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.json.bind.annotation.JsonbProperty;
import java.util.List;
import java.util.Map;

/**
 * What a runner has to start: one container.
 *
 * @param token proves to the server that somebody acts for the container: its id, a dot, its secret. As bearer over HTTP, in
 *     the header {@code x-serai-secret} over gRPC
 * @param servers those that run now, any of which will do; the one that answers first
 * @param arguments {@code modal.client.ContainerArguments}, serialized, in base64
 * @param pythonVersion major.minor that the image asks for; null for whatever the node has
 * @param environment the image's variables, the secrets' and the platform's: for the container only, never to be shown
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
        List<File> files,
        Limits limits,
        long heartbeatIntervalS) {

    /**
     * One of the servers.
     *
     * @param httpUrl where runners reach it
     * @param rpcUrl where the container's calls go
     */
    public record Server(String httpUrl, String rpcUrl) {}

    /** The servers that run now. */
    public record ServerList(List<Server> servers) {}

    /** The package whose entry point is started. */
    public record Runtime(@JsonbProperty("package") String name, String version) {}

    /** @param mode permission bits */
    public record File(String path, String sha256, long size, int mode) {}

    /** @param memoryMb mebibytes after which the container is killed; null for no limit */
    public record Limits(Integer memoryMb) {}
}
