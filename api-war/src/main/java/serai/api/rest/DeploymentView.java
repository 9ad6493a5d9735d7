// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import java.util.List;

/**
 * One publication of an app.
 *
 * @param app its id
 * @param current whether new calls go to it
 * @param tag the deployer's own label, or empty
 * @param clientVersion of the package that containers run
 */
public record DeploymentView(
        String app,
        String name,
        String environment,
        int version,
        boolean current,
        String tag,
        String clientVersion,
        Instant publishedAt,
        List<Deployed> functions) {

    /** @param definition by which the function runs in this version */
    public record Deployed(String id, String name, String definition) {}
}
