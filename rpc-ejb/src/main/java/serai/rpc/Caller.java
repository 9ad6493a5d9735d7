// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import java.net.URI;
import java.util.Optional;
import serai.problem.Problem;
import serai.workspace.Tenant;

/**
 * Who calls, and how.
 *
 * @param tenant on whose behalf
 * @param tokenId by which a client came; empty for a container
 * @param container present when the call comes from inside one
 * @param store where the container finds large values, on its own loopback; empty for who asks the server itself
 * @param idempotencyKey of the logical request; empty on streams
 * @param isRetry whether an earlier attempt of the same logical request may have been answered
 * @param isPython whether the Python package asks, in a client or in a container; the packages of other languages read fewer
 *     answers and say the version of the Python package that they are like
 */
record Caller(
        Tenant tenant,
        String tokenId,
        Optional<ContainerIdentity> container,
        Optional<URI> store,
        String idempotencyKey,
        boolean isRetry,
        String clientVersion,
        boolean isPython) {

    /** @throws serai.problem.ProblemException for a client */
    ContainerIdentity mustBeContainer() {
        return container.orElseThrow(
                () -> Problem.PERMISSION_DENIED.because("only a container may call this, with its own credentials"));
    }
}
