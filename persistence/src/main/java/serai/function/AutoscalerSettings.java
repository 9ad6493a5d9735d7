// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import java.time.Duration;
import serai.problem.Problem;

/**
 * What the deployer asked for, in the words of the client protocol.
 *
 * @param minContainers kept even without work
 * @param maxContainers never exceeded
 * @param bufferContainers spare ones while there is work
 * @param scaledownWindow how long a container may be idle before it is stopped
 */
@Embeddable
public record AutoscalerSettings(
        int minContainers,
        int maxContainers,
        int bufferContainers,
        @Column(name = "scaledown_window_ms") Duration scaledownWindow) {
    public AutoscalerSettings {
        if (minContainers < 0 || maxContainers < Math.max(1, minContainers)) {
            throw Problem.INVALID_AUTOSCALER.because(
                    "min_containers is %d, max_containers %d: min must not be negative and max at least max(1, min)",
                    minContainers, maxContainers);
        }
        if (bufferContainers < 0) {
            throw Problem.INVALID_AUTOSCALER.because(
                    "buffer_containers is %d: it must not be negative", bufferContainers);
        }
        if (scaledownWindow.isNegative()) {
            throw Problem.INVALID_AUTOSCALER.because(
                    "scaledown_window is %s: it must not be negative", scaledownWindow);
        }
    }
}
