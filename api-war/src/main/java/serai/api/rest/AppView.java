// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import serai.app.App;

/**
 * An app.
 *
 * @param name null for one that was not deployed
 * @param version of the last publication; 0 before the first
 */
public record AppView(
        String id,
        String name,
        String description,
        String environment,
        App.State state,
        int version,
        Instant createdAt,
        Instant deployedAt,
        Instant stoppedAt) {

    static AppView of(App app, String environment) {
        return new AppView(
                app.id(),
                app.name(),
                app.description(),
                environment,
                app.state(),
                app.version(),
                app.createdAt(),
                app.deployedAt(),
                app.stoppedAt());
    }
}
