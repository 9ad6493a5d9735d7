// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.InstantSource;
import java.util.Optional;
import serai.activate.Publisher;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.app.Apps;
import serai.function.Functions;

/** Apps and what they hold. */
@Path("apps")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class AppsResource {
    private final Apps apps;
    private final Functions functions;
    private final Environments environments;
    private final AppRefs refs;
    private final Publisher publisher;
    private final Caller caller;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public AppsResource(
            Apps apps,
            Functions functions,
            Environments environments,
            AppRefs refs,
            Publisher publisher,
            Caller caller) {
        this.refs = refs;
        this.publisher = publisher;
        this.apps = apps;
        this.functions = functions;
        this.environments = environments;
        this.caller = caller;
    }

    public AppsResource() {
        this(null, null, null, null, null, null); // for the server's proxy
    }

    @GET
    public Page<AppView> list(@QueryParam("limit") String limit) {
        var names = environments.names(caller.tenant());
        return Page.of(
                limit,
                size -> apps.list(caller.tenant(), Optional.empty(), size),
                app -> AppView.of(app, names.get(app.environmentId())));
    }

    @GET
    @Path("{app}")
    public AppView get(@PathParam("app") String ref, @QueryParam("environment") String environment) {
        var app = refs.get(caller.tenant(), ref, environment);
        return AppView.of(app, environments.names(caller.tenant()).get(app.environmentId()));
    }

    /** Its calls are terminated and its containers end. What is left of it can be looked at. */
    @DELETE
    @Path("{app}")
    public Response stop(@PathParam("app") String ref, @QueryParam("environment") String environment) {
        var app = refs.get(caller.tenant(), ref, environment);
        if (app.state().runs()) {
            apps.stop(app.id(), clock.instant());
            publisher.stopped(app.id());
        }
        return Response.accepted(get(app.id(), environment)).build();
    }

    @GET
    @Path("{app}/functions")
    public Page<FunctionView> functions(
            @PathParam("app") String ref,
            @QueryParam("environment") String environment,
            @QueryParam("limit") String limit) {
        var app = refs.get(caller.tenant(), ref, environment);
        var where = environments.names(caller.tenant()).get(app.environmentId());
        return Page.of(limit, size -> functions.of(app.id()), function -> FunctionView.of(function, where));
    }
}
