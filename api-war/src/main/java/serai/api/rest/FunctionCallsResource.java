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

/** Calling a function by its id. */
@Path("functions/{id}/calls")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class FunctionCallsResource {
    private final CallStarts starts;
    private final CallAnswers answers;
    private final Once once;
    private final Caller caller;

    @Inject
    public FunctionCallsResource(CallStarts starts, CallAnswers answers, Once once, Caller caller) {
        this.starts = starts;
        this.answers = answers;
        this.once = once;
        this.caller = caller;
    }

    public FunctionCallsResource() {
        this(null, null, null, null); // for the server's proxy
    }

    /** Not in one transaction: the call has to be committed before anybody waits for it. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public void start(
            @PathParam("id") String id,
            @HeaderParam("Prefer") String prefer,
            @HeaderParam("Idempotency-Key") String key,
            @Context UriInfo uri,
            byte[] body,
            @Suspended AsyncResponse answer) {
        var tenant = caller.tenant();
        var waiting = Waiting.of(prefer);
        var arguments = Arguments.read(body);
        var call = once.made(
                tenant, IdempotencyKey.of(key, uri.getPath(), body), () -> starts.start(tenant, id, arguments));
        answers.started(answer, tenant, call, waiting);
    }
}
