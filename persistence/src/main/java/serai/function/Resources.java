// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.persistence.Embeddable;
import serai.problem.Problem;

/**
 * What one container of a function needs.
 *
 * @param milliCpu thousandths of a core that are reserved
 * @param memoryMb mebibytes that are reserved
 * @param memoryMaxMb mebibytes after which it is killed; 0 for no limit of its own
 * @param diskMb mebibytes of scratch space
 */
@Embeddable
public record Resources(int milliCpu, int memoryMb, int memoryMaxMb, int diskMb) {
    public Resources {
        if (milliCpu < 1 || memoryMb < 1 || diskMb < 0) {
            throw Problem.INVALID_ARGUMENT.because(
                    "resources: %d milli-CPU, %d MiB memory, %d MiB disk must be positive", milliCpu, memoryMb, diskMb);
        }
        if (memoryMaxMb != 0 && memoryMaxMb < memoryMb) {
            throw Problem.INVALID_ARGUMENT.because(
                    "memory limit %d MiB is below the request of %d MiB", memoryMaxMb, memoryMb);
        }
    }
}
