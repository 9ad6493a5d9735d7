// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.device;

import java.util.Locale;
import serai.problem.Problem;

/**
 * What a deployer asks for: so many GPUs of a name.
 *
 * @param name in capitals, say {@code A100-80GB}
 * @param count from 1 to {@link #MOST}
 */
public record Gpu(String name, int count) {
    /** What one machine has at most; one container's devices are all on one. */
    public static final int MOST = 8;

    /** @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for a count out of bounds or no name */
    public Gpu {
        name = name.strip().toUpperCase(Locale.ROOT);
        if (name.isEmpty()) {
            throw Problem.INVALID_ARGUMENT.because("gpu: the name is empty");
        }
        if (count < 1 || count > MOST) {
            throw Problem.INVALID_ARGUMENT.because("gpu '%s': count %d, must be from 1 to %d", name, count, MOST);
        }
    }

    /** The other way round than {@link #text()}. */
    public static Gpu parse(String text) {
        int colon = text.lastIndexOf(':');
        return new Gpu(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }

    /** @return {@code H100:2} */
    public String text() {
        return name + ":" + count;
    }

    /** @return {@code 2 × H100} */
    @Override
    public String toString() {
        return count + " × " + name;
    }
}
