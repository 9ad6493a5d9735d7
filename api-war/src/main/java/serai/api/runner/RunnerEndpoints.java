// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.ws.rs.ApplicationPath;
import java.util.List;
import serai.api.http.BodyLimit;
import serai.api.http.Endpoints;

/** For runners only; it changes together with them. */
@ApplicationPath("internal/v1")
public class RunnerEndpoints extends Endpoints {
    public RunnerEndpoints() {
        super(List.of(
                ContainersResource.class,
                BuildsResource.class,
                FilesResource.class,
                ArtifactResource.class,
                BodyLimit.class));
    }
}
