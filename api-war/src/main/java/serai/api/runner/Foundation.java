// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import java.util.regex.Pattern;
import serai.problem.Problem;

/**
 * A layer of a base system.
 *
 * @param name that nodes give it
 * @param digest SHA-256 in hex of its canonical listing; empty for one that is not known
 */
public record Foundation(String name, String digest) {
    static final Pattern NAME = Pattern.compile("[a-z]+-[0-9a-z.-]{1,80}");
    private static final Pattern DIGEST = Pattern.compile("([0-9a-f]{64})?");

    public Foundation {
        digest = digest == null ? "" : digest;
        if (name == null
                || !NAME.matcher(name).matches()
                || !DIGEST.matcher(digest).matches()) {
            throw Problem.INVALID_ARGUMENT.because("a base system's name and digest are needed");
        }
    }
}
