// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import serai.problem.Problem;

/** What runners send. */
final class Bodies {
    private Bodies() {}

    static <T> T present(T body) {
        if (body == null) {
            throw Problem.INVALID_ARGUMENT.because("a body is needed");
        }
        return body;
    }
}
