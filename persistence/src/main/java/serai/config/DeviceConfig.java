// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What the cluster's nodes have besides processors and memory. */
@Dependent
public class DeviceConfig {
    /** File with further names of GPUs, or others for those that are known: models come out faster than servers. */
    @Inject
    @ConfigProperty(name = "serai.device.names")
    Optional<String> names;

    /** How long a GPU is waited for before the next one of a list is asked for as well. ISO 8601; a free one takes milliseconds. */
    @Inject
    @ConfigProperty(name = "serai.device.patience", defaultValue = "PT2S")
    Duration patience;

    /** How long a GPU that was not to be had is not asked for again, where another one took its turn. ISO 8601. */
    @Inject
    @ConfigProperty(name = "serai.device.retry", defaultValue = "PT15S")
    Duration retry;

    public Duration patience() {
        return patience;
    }

    public Duration retry() {
        return retry;
    }

    public Optional<String> names() {
        return names;
    }
}
