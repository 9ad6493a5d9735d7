// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import org.eclipse.microprofile.config.inject.ConfigProperties;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What allocations find on their nodes. */
@Dependent
@ConfigProperties(prefix = "serai.runner")
public class RunnerConfig {
    /** The interpreter on a node that starts the runner and, until images bring their own, the user's code. */
    @ConfigProperty(name = "python", defaultValue = "python3")
    String python;

    /** Directory on a node for uploaded files and client runtimes. */
    @ConfigProperty(name = "cache", defaultValue = "/var/lib/serai/cache")
    String cache;

    public String python() {
        return python;
    }

    public String cache() {
        return cache;
    }
}
