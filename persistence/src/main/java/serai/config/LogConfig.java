// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What containers write. */
@Dependent
public class LogConfig {
    /** How long logs are kept, in whole days. ISO 8601. */
    @Inject
    @ConfigProperty(name = "serai.log.retention", defaultValue = "P7D")
    Duration retention;

    public Duration retention() {
        return retention;
    }
}
