// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import java.util.regex.Pattern;
import serai.problem.Problem;

/**
 * What a container wrote, as a layer.
 *
 * @param digest SHA-256 in hex of its canonical listing
 * @param size in bytes
 * @param proof the pool's secret: the container's token is known to the code inside
 */
public record Kept(String digest, long size, String proof) {
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    /** A pebibyte: sums of sizes stay numbers. */
    private static final long MOST = 1L << 50;

    public Kept {
        if (digest == null || !DIGEST.matcher(digest).matches() || size < 0 || size > MOST) {
            throw Problem.INVALID_ARGUMENT.because("a layer's digest and size are needed");
        }
    }

    /**
     * It is about to be pushed.
     *
     * @param proof as above
     */
    public record Push(String tag, String proof) {
        private static final Pattern TAG = Pattern.compile("layer-[0-9a-f]{32}");

        public Push {
            if (tag == null || !TAG.matcher(tag).matches()) {
                throw Problem.INVALID_ARGUMENT.because("a layer's tag is needed");
            }
        }
    }

    /** Whether a container shall keep it. */
    public record Wish(boolean wanted) {}
}
