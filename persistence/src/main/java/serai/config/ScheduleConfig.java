// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** How exactly schedules are kept, and how long it is remembered. */
@Dependent
public class ScheduleConfig {
    /** How old a slot may be that still counts as in time. ISO 8601; ten looks at the clock, so that a pause of the machine is no miss. */
    @Inject
    @ConfigProperty(name = "serai.schedule.tolerance", defaultValue = "PT10S")
    Duration tolerance;

    /** How long firings are remembered. ISO 8601; longer than the calls, so that a month's job shows its last firing. */
    @Inject
    @ConfigProperty(name = "serai.schedule.retention", defaultValue = "P35D")
    Duration retention;

    public Duration tolerance() {
        return tolerance;
    }

    public Duration retention() {
        return retention;
    }
}
