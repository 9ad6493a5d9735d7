// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Response;
import serai.api.http.Access;

/**
 * The description of this API as it was written. What Payara shows at {@code /openapi} has all of it, too, but mixed with
 * what it takes from our classes, and with a property of its own that OpenAPI does not know.
 */
@Path("openapi.yaml")
@Access(Access.By.ITSELF) // says nothing about anybody
@RequestScoped
public class OpenApiResource {
    /** RFC 9512. */
    private static final String YAML = "application/yaml";

    static final String FILE = "META-INF/openapi.yaml";

    @GET
    @Produces(YAML)
    public Response get() {
        return Response.ok(OpenApiResource.class.getClassLoader().getResourceAsStream(FILE), YAML)
                .build();
    }
}
