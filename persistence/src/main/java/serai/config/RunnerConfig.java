// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import static java.util.stream.Collectors.joining;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What allocations find on their nodes. */
@Dependent
public class RunnerConfig {
    /** Of each container's loopback: where large values are. */
    public static final int RUNNERS_PORT = 59;

    /** The interpreter on a node that starts the runner and, until images bring their own, the user's code. */
    @Inject
    @ConfigProperty(name = "serai.runner.python", defaultValue = "python3")
    String python;

    /** Directory on a node for uploaded files and client runtimes. */
    @Inject
    @ConfigProperty(name = "serai.runner.cache", defaultValue = "/var/lib/serai/cache")
    String cache;

    /**
     * How long what no container or build uses stays in that directory. ISO 8601; longer than a month's job is away, and less than an
     * hour counts as an hour, as nodes note uses no oftener.
     */
    @Inject
    @ConfigProperty(name = "serai.runner.cache-retention", defaultValue = "P30D")
    Duration cacheRetention;

    /** Major.minor of that interpreter: an image that asks for another one is refused. Empty: a container finds out when it starts. */
    @Inject
    @ConfigProperty(name = "serai.runner.python-version")
    Optional<String> pythonVersion;

    /** The most processes and threads of one container, where the node has control groups: a fork bomb ends in it. */
    @Inject
    @ConfigProperty(name = "serai.runner.processes", defaultValue = "4096")
    int processes;

    /**
     * Whether containers and builds have their node's network instead of one of their own, and reach everything that listens on
     * its loopback. For nodes that cannot give them one, where nobody but friends deploys (ADR 0016).
     */
    @Inject
    @ConfigProperty(name = "serai.runner.shares-network", defaultValue = "false")
    boolean sharesNetwork;

    /** Ports of a node's loopback that are on its containers' as well: of helpers that run on each node. Separated by commas. */
    @Inject
    @ConfigProperty(name = "serai.runner.node-ports")
    Optional<String> nodePorts;

    public String python() {
        return python;
    }

    public Optional<String> pythonVersion() {
        return pythonVersion;
    }

    public String cache() {
        return cache;
    }

    public Duration cacheRetention() {
        return cacheRetention;
    }

    /** Of the job of a container or a build, as the runner reads it. */
    public Map<String, String> network() {
        if (sharesNetwork) {
            return Map.of("SERAI_NETWORK", "node");
        }
        var ports = nodePorts();
        return ports.isEmpty()
                ? Map.of()
                : Map.of("SERAI_NODE_PORTS", ports.stream().map(String::valueOf).collect(joining(",")));
    }

    /**
     * @return in order, each once
     * @throws IllegalStateException naming the one that a container cannot have
     */
    public List<Integer> nodePorts() {
        return nodePorts.stream()
                .flatMap(text -> Stream.of(text.split(",", -1)))
                .map(text -> port(text.strip()))
                .distinct()
                .sorted()
                .toList();
    }

    private static int port(String text) {
        int port = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
        if (port < 1 || port > 65_535 || port == RUNNERS_PORT) {
            throw new IllegalStateException(
                    "serai.runner.node-ports: '%s' is none: ports from 1 to 65535 are allowed, but for %d, which is the platform's"
                            .formatted(text, RUNNERS_PORT));
        }
        return port;
    }

    public int processes() {
        return processes;
    }
}
