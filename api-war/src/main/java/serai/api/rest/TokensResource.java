// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import serai.api.http.Access;
import serai.workspace.Workspaces;

/** Tokens, which only the administrator hands out. */
@Path("workspaces/{name}/tokens")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.ADMIN)
@RequestScoped
public class TokensResource {
    private final Workspaces workspaces;

    @Inject
    public TokensResource(Workspaces workspaces) {
        this.workspaces = workspaces;
    }

    public TokensResource() {
        this(null); // for the server's proxy
    }

    @POST
    public Response issue(@PathParam("name") String name) {
        var token = workspaces.issueToken(name);
        return Response.status(Response.Status.CREATED)
                .entity(new TokenView(token.id(), token.secret(), token.tenant().workspaceName()))
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .build();
    }

    /** A token at the only moment at which its secret is known. */
    public record TokenView(String tokenId, String tokenSecret, String workspace) {}
}
