// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What allocations find on their nodes. */
@Dependent
public class RunnerConfig {
    /** The interpreter on a node that starts the runner and, until images bring their own, the user's code. */
    @Inject
    @ConfigProperty(name = "serai.runner.python", defaultValue = "python3")
    String python;

    /** Directory on a node for uploaded files and client runtimes. */
    @Inject
    @ConfigProperty(name = "serai.runner.cache", defaultValue = "/var/lib/serai/cache")
    String cache;

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

    public String python() {
        return python;
    }

    public Optional<String> pythonVersion() {
        return pythonVersion;
    }

    public String cache() {
        return cache;
    }

    /** Of the job of a container or a build, as the runner reads it. */
    public Map<String, String> network() {
        return sharesNetwork ? Map.of("SERAI_NETWORK", "node") : Map.of();
    }

    public int processes() {
        return processes;
    }
}
