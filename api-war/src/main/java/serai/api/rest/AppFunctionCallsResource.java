// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.api.rest.call.Arguments;
import serai.api.rest.call.CallStarts;
import serai.api.rest.call.Waiting;
import serai.api.rest.once.IdempotencyKey;
import serai.api.rest.once.Once;
import serai.app.Apps;
import serai.problem.Problem;

/** Calling a function by its app's name and its own, which both outlive a deployment. */
@Path("apps/{app}/functions/{name}/calls")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class AppFunctionCallsResource {
    private final AppRefs refs;
    private final Apps apps;
    private final CallStarts starts;
    private final CallAnswers answers;
    private final Once once;
    private final Caller caller;

    @Inject
    public AppFunctionCallsResource(
            AppRefs refs, Apps apps, CallStarts starts, CallAnswers answers, Once once, Caller caller) {
        this.refs = refs;
        this.apps = apps;
        this.starts = starts;
        this.answers = answers;
        this.once = once;
        this.caller = caller;
    }

    public AppFunctionCallsResource() {
        this(null, null, null, null, null, null); // for the server's proxy
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public void start(
            @PathParam("app") String ref,
            @PathParam("name") String name,
            @QueryParam("environment") String environment,
            @HeaderParam("Prefer") String prefer,
            @HeaderParam("Idempotency-Key") String key,
            @Context UriInfo uri,
            byte[] body,
            @Suspended AsyncResponse answer) {
        var tenant = caller.tenant();
        var waiting = Waiting.of(prefer);
        var arguments = Arguments.read(body);
        var app = refs.get(tenant, ref, environment);
        var function = apps.layout(app).functions().get(name);
        if (function == null) {
            throw Problem.FUNCTION_NOT_FOUND.because("Function '%s' not found in app '%s'", name, ref);
        }
        var call = once.made(
                tenant, IdempotencyKey.of(key, uri.getPath(), body), () -> starts.start(tenant, function, arguments));
        answers.started(answer, tenant, call, waiting);
    }
}
