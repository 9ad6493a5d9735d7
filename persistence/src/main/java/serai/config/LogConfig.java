// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperties;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What containers write. */
@Dependent
@ConfigProperties(prefix = "serai.log")
public class LogConfig {
    /** How long logs are kept, in whole days. ISO 8601. */
    @ConfigProperty(name = "retention", defaultValue = "P7D")
    Duration retention;

    public Duration retention() {
        return retention;
    }
}
