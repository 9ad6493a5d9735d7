// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.ws.rs.ApplicationPath;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.OpenAPIDefinition;
import org.eclipse.microprofile.openapi.annotations.enums.SecuritySchemeType;
import org.eclipse.microprofile.openapi.annotations.info.Info;
import org.eclipse.microprofile.openapi.annotations.security.SecurityRequirement;
import org.eclipse.microprofile.openapi.annotations.security.SecurityScheme;
import serai.api.http.BodyLimit;
import serai.api.http.Endpoints;

/** Version 1: properties may be added, none changes or goes. */
@ApplicationPath("api/v1")
@OpenAPIDefinition(info = @Info(title = "Serai", version = "1"), security = @SecurityRequirement(name = "token"))
@SecurityScheme(
        securitySchemeName = "token",
        type = SecuritySchemeType.HTTP,
        scheme = "bearer",
        description = "token id, a dot, token secret")
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
                TokensResource.class,
                BodyLimit.class));
    }
}
