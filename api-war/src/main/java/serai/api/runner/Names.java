// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import java.util.List;
import java.util.regex.Pattern;
import serai.problem.Problem;

/** Names of layers on a node: the first characters of their digests. */
public record Names(List<String> names) {
    private static final int MAX = 100_000;
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{32}");

    public Names {
        if (names == null
                || names.size() > MAX
                || !names.stream()
                        .allMatch(name -> name != null && NAME.matcher(name).matches())) {
            throw Problem.INVALID_ARGUMENT.because("names: a list of at most %s names of layers is needed", MAX);
        }
    }
}
