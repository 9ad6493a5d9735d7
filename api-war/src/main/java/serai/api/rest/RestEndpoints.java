// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.ws.rs.ApplicationPath;
import java.util.List;
import serai.api.http.BodyLimit;
import serai.api.http.Endpoints;

/**
 * Version 1: properties may be added, none changes or goes. It is described in {@code META-INF/openapi.yaml}, which
 * {@link OpenApiResource} shows; {@code OpenApiTest} holds the two together.
 */
@ApplicationPath("api/v1")
public class RestEndpoints extends Endpoints {
    public RestEndpoints() {
        super(List.of(
                AppsResource.class,
                DeploymentsResource.class,
                AppFunctionCallsResource.class,
                FunctionsResource.class,
                FunctionCallsResource.class,
                CallsResource.class,
                ContainersResource.class,
                SchedulesResource.class,
                SecretsResource.class,
                ImagesResource.class,
                NodesResource.class,
                OpenApiResource.class,
                TokensResource.class,
                BodyLimit.class));
    }
}
