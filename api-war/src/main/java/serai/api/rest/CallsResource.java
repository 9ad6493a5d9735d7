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
import serai.call.Calls;

/** Calls: how far they are. */
@Path("calls")
@Tag(name = "Calls")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
@Transactional
public class CallsResource {
    private final Calls calls;
    private final Caller caller;

    @Inject
    public CallsResource(Calls calls, Caller caller) {
        this.calls = calls;
        this.caller = caller;
    }

    public CallsResource() {
        this(null, null); // for the server's proxy
    }

    @GET
    @Operation(summary = "Calls of the workspace, newest first")
    public Page<CallView> list(@QueryParam("limit") String limit) {
        return Page.of(limit, size -> calls.list(caller.tenant(), size), CallView::of);
    }

    @GET
    @Path("{id}")
    @Operation(summary = "One call")
    public CallView get(@PathParam("id") String id) {
        return CallView.of(calls.get(caller.tenant(), id));
    }
}
