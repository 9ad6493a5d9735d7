// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import serai.app.App;

/**
 * Where a call's inputs go, read in one round trip as every call needs it.
 *
 * @param definitionId null while the function is not published
 * @param poolId null while nobody has made the pool of that definition
 * @param retries of the function's policy
 * @param serves whether it is an HTTP server: it takes requests, and no inputs
 */
public record Target(
        String functionId,
        String functionName,
        String workspaceId,
        String environmentId,
        String appId,
        App.State appState,
        String definitionId,
        String poolId,
        int retries,
        boolean serves) {}
