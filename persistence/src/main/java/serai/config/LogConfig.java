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
    /** How long logs of containers, in whole days, and of builds are kept. ISO 8601. */
    @Inject
    @ConfigProperty(name = "serai.log.retention", defaultValue = "P7D")
    Duration retention;

    /** How much text one container may write in a second, over time: more than a person reads, less than fills a disk. */
    @Inject
    @ConfigProperty(name = "serai.log.rate", defaultValue = "1048576")
    int rate;

    /** How much it may write at once after it was silent: a stack trace of each of a thousand inputs. */
    @Inject
    @ConfigProperty(name = "serai.log.burst", defaultValue = "33554432")
    int burst;

    /** @return characters per second */
    public int rate() {
        return rate;
    }

    /** @return characters */
    public int burst() {
        return burst;
    }

    public Duration retention() {
        return retention;
    }
}
