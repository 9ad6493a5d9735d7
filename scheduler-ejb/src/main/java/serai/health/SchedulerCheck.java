// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.health;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import serai.autoscale.Pulse;

/** Whether this server still ticks: if not, only a restart helps. */
@Liveness
@ApplicationScoped
public class SchedulerCheck implements HealthCheck {
    private static final Duration TOO_LONG = Duration.ofMinutes(1); // it ticks every second

    private final Pulse pulse;

    @Inject
    public SchedulerCheck(Pulse pulse) {
        this.pulse = pulse;
    }

    public SchedulerCheck() {
        this(null); // for the server's proxy
    }

    @Override
    public HealthCheckResponse call() {
        var silence = Duration.between(pulse.last(), Instant.now());
        return HealthCheckResponse.named("scheduler")
                .status(silence.compareTo(TOO_LONG) < 0)
                .withData("silent_for", silence.toString())
                .build();
    }
}
