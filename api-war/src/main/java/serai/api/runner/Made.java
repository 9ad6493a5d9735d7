// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import java.util.List;
import java.util.regex.Pattern;
import serai.problem.Problem;

/**
 * A layer that a builder has made.
 *
 * @param digest SHA-256 in hex of its canonical listing
 * @param size in bytes
 * @param python version of the image's Python as it says itself; empty for none
 * @param base names of the layers that its chain stands on, the highest first; empty if the server has named them, or no other node's
 */
public record Made(String image, String digest, long size, String python, List<String> base) {
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern VERSION = Pattern.compile("(\\d+\\.\\d+[0-9A-Za-z.+]*)?");

    public Made {
        python = python == null ? "" : python;
        base = base == null ? List.of() : base;
        if (image == null
                || digest == null
                || !DIGEST.matcher(digest).matches()
                || size < 0
                || !base.stream()
                        .allMatch(name ->
                                name != null && Foundation.NAME.matcher(name).matches())
                || !VERSION.matcher(python).matches()) {
            throw Problem.INVALID_ARGUMENT.because("an image, its layer's digest and size, and a version are needed");
        }
    }
}
