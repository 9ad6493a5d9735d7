// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.problem;

/** A {@link Problem} with the detail that makes it useful. Its message is shown to users as it is. */
public class ProblemException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Problem problem;

    ProblemException(Problem problem, String detail) {
        super(detail);
        this.problem = problem;
    }

    public Problem problem() {
        return problem;
    }
}
