// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.once;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.function.Supplier;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.workspace.Tenant;

/** Does a request once. Call it outside of transactions: two that come at the same time are sorted out here. */
@ApplicationScoped
public class Once {
    private final KeptAnswers answers;

    @Inject
    public Once(KeptAnswers answers) {
        this.answers = answers;
    }

    public Once() {
        this(null); // for the server's proxy
    }

    /**
     * @param work makes something and returns its name, which is kept in the same transaction
     * @return the name, of this time or of the first
     * @throws ProblemException {@link Problem#IDEMPOTENCY_KEY_REUSED} for a key with another body
     */
    public String made(Tenant tenant, IdempotencyKey key, Supplier<String> work) {
        try {
            return answers.made(tenant, key, work);
        } catch (ProblemException e) {
            if (e.problem() != Problem.REQUEST_REPEATED) {
                throw e;
            }
            return answers.made(tenant, key, work); // the other one has committed: its answer is there now
        }
    }
}
