// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import serai.api.http.Access;
import serai.runner.RunnerArtifact;

/** The runner itself, which nodes fetch before they have anything to prove. It holds no secret. */
@Path("runner.pyz")
@Access(Access.By.ITSELF)
@RequestScoped
public class ArtifactResource {
    private final RunnerArtifact artifact;

    @Inject
    public ArtifactResource(RunnerArtifact artifact) {
        this.artifact = artifact;
    }

    public ArtifactResource() {
        this(null); // for the server's proxy
    }

    /** Its ETag is the SHA-256 that the job names. */
    @GET
    @Produces("application/zip")
    public Response get(@Context Request request) {
        var tag = new EntityTag(artifact.sha256());
        var known = request.evaluatePreconditions(tag);
        if (known != null) {
            return known.tag(tag).build();
        }
        var bytes = artifact.bytes();
        return Response.ok(bytes)
                .tag(tag)
                .header(HttpHeaders.CONTENT_LENGTH, bytes.length) // also in the answer to HEAD
                .build();
    }
}
