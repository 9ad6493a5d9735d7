// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.container.Containers;

/** Containers: where they run, since when, and how they ended. */
@Path("containers")
@Tag(name = "Containers")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
@Transactional
public class ContainersResource {
    private final Containers containers;
    private final Caller caller;

    @Inject
    public ContainersResource(Containers containers, Caller caller) {
        this.containers = containers;
        this.caller = caller;
    }

    public ContainersResource() {
        this(null, null); // for the server's proxy
    }

    @GET
    @Operation(summary = "Containers of the workspace, newest first, also those that ended")
    public Page<ContainerView> list(@QueryParam("limit") String limit) {
        return Page.of(limit, size -> containers.list(caller.tenant(), size), ContainerView::of);
    }

    @GET
    @Path("{id}")
    @Operation(summary = "One container")
    public ContainerView get(@PathParam("id") String id) {
        return ContainerView.of(containers.get(caller.tenant(), id));
    }
}
