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
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.app.Apps;
import serai.function.Functions;

/** Apps and what they hold. */
@Path("apps")
@Tag(name = "Apps")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
@Transactional
public class AppsResource {
    private final Apps apps;
    private final Functions functions;
    private final Environments environments;
    private final Caller caller;

    @Inject
    public AppsResource(Apps apps, Functions functions, Environments environments, Caller caller) {
        this.apps = apps;
        this.functions = functions;
        this.environments = environments;
        this.caller = caller;
    }

    public AppsResource() {
        this(null, null, null, null); // for the server's proxy
    }

    @GET
    @Operation(summary = "Apps of the workspace, newest first")
    public Page<AppView> list(@QueryParam("limit") String limit) {
        var names = environments.names(caller.tenant());
        return Page.of(
                limit,
                size -> apps.list(caller.tenant(), Optional.empty(), size),
                app -> AppView.of(app, names.get(app.environmentId())));
    }

    @GET
    @Path("{id}")
    @Operation(summary = "One app")
    public AppView get(@PathParam("id") String id) {
        var app = apps.get(caller.tenant(), id);
        return AppView.of(app, environments.names(caller.tenant()).get(app.environmentId()));
    }

    @GET
    @Path("{id}/functions")
    @Operation(summary = "Functions of an app, by name")
    public Page<FunctionView> functions(@PathParam("id") String id, @QueryParam("limit") String limit) {
        var app = apps.get(caller.tenant(), id);
        var environment = environments.names(caller.tenant()).get(app.environmentId());
        return Page.of(limit, size -> functions.of(app.id()), function -> FunctionView.of(function, environment));
    }
}
