// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What holds for a function that says nothing else. */
@Dependent
public class AutoscaleConfig {
    /** How long an idle container is kept. ISO 8601; the public client's documented default. */
    @Inject
    @ConfigProperty(name = "serai.autoscale.scaledown-window", defaultValue = "PT60S")
    Duration scaledownWindow;

    /** The most containers of one function, also where it asks for more. */
    @Inject
    @ConfigProperty(name = "serai.autoscale.max-containers", defaultValue = "100")
    int maxContainers;

    /** The most containers of all functions of a workspace together. */
    @Inject
    @ConfigProperty(name = "serai.autoscale.workspace-containers", defaultValue = "1000")
    int workspaceContainers;

    /** Starts in a row that fail before the waiting inputs fail too. */
    @Inject
    @ConfigProperty(name = "serai.autoscale.crash-limit", defaultValue = "3")
    int crashLimit;

    /** How long an idle container that was asked to stop may take before its place is withdrawn. ISO 8601. */
    @Inject
    @ConfigProperty(name = "serai.autoscale.stop-grace", defaultValue = "PT3S")
    Duration stopGrace;

    public Duration scaledownWindow() {
        return scaledownWindow;
    }

    public int maxContainers() {
        return maxContainers;
    }

    public int workspaceContainers() {
        return workspaceContainers;
    }

    public int crashLimit() {
        return crashLimit;
    }

    public Duration stopGrace() {
        return stopGrace;
    }
}
