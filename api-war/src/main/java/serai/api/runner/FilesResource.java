// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.mount.Mounts;
import serai.problem.Problem;
import serai.workspace.Workspaces;

/** Files of mounts, by content. */
@Path("files")
@Access(Access.By.RUNNER)
@RequestScoped
public class FilesResource {
    private final Mounts mounts;
    private final Workspaces workspaces;
    private final Caller caller;

    @Inject
    public FilesResource(Mounts mounts, Workspaces workspaces, Caller caller) {
        this.mounts = mounts;
        this.workspaces = workspaces;
        this.caller = caller;
    }

    public FilesResource() {
        this(null, null, null); // for the server's proxy
    }

    /** Any file of the workspace: who runs code in it may read what it uploaded. */
    @GET
    @Path("{sha256}")
    @Produces(MediaType.APPLICATION_OCTET_STREAM)
    public Response get(@PathParam("sha256") String sha256) {
        var tenant = workspaces.tenant(caller.workspaceId());
        var size = mounts.sizes(tenant, List.of(sha256)).get(sha256);
        if (size == null) {
            throw Problem.FILE_NOT_FOUND.because("no file with SHA-256 %s", sha256);
        }
        return Response.ok(mounts.open(tenant, sha256))
                .header(HttpHeaders.CONTENT_LENGTH, size)
                .build();
    }
}
