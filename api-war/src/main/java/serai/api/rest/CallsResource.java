// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.MediaType;
import java.time.InstantSource;
import java.util.Optional;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.api.rest.call.CallDetail;
import serai.api.rest.call.CallReports;
import serai.api.rest.call.Waiting;
import serai.api.rest.log.LogAnswers;
import serai.api.rest.log.LogQuery;
import serai.call.Calls;
import serai.call.Inputs;
import serai.explain.Explanations;
import serai.log.Logs;

/** Calls: how far they are, and what they gave. */
@Path("calls")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class CallsResource {
    private final Calls calls;
    private final Inputs inputs;
    private final CallReports reports;
    private final CallAnswers answers;
    private final LogAnswers logs;
    private final Explanations explanations;
    private final EventPages events;
    private final Caller caller;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public CallsResource(
            Calls calls,
            Inputs inputs,
            CallReports reports,
            CallAnswers answers,
            LogAnswers logs,
            Explanations explanations,
            EventPages events,
            Caller caller) {
        this.events = events;
        this.logs = logs;
        this.explanations = explanations;
        this.calls = calls;
        this.inputs = inputs;
        this.reports = reports;
        this.answers = answers;
        this.caller = caller;
    }

    public CallsResource() {
        this(null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @GET
    public Page<CallView> list(
            @QueryParam("app") String app,
            @QueryParam("function") String function,
            @QueryParam("state") String state,
            @QueryParam("cursor") String cursor,
            @QueryParam("limit") String limit) {
        var filter = CallCursor.filter(app, function, state);
        Optional<Calls.Position> after = CallCursor.parse(cursor);
        return Page.of(
                limit,
                size -> calls.list(caller.tenant(), filter, after, size),
                CallView::of,
                last -> CallCursor.after(last.call()));
    }

    @GET
    @Path("{id}")
    public void get(@PathParam("id") String id, @HeaderParam("Prefer") String prefer, @Suspended AsyncResponse answer) {
        answers.seen(answer, caller.tenant(), id, Waiting.of(prefer));
    }

    /** A call that is over stays as it is. */
    @POST
    @Path("{id}/cancel")
    public CallDetail cancel(@PathParam("id") String id) {
        inputs.cancel(calls.get(caller.tenant(), id).id(), "cancelled by request");
        return reports.of(caller.tenant(), id);
    }

    @GET
    @Path("{id}/logs")
    @Produces({MediaType.APPLICATION_JSON, LogAnswers.LINES})
    public void logs(@PathParam("id") String id, @BeanParam LogQuery query, @Suspended AsyncResponse answer) {
        var tenant = caller.tenant();
        var call = calls.get(tenant, id);
        logs.answer(
                answer,
                call.appId(),
                new Logs.Filter("", "", id, "", 0),
                () -> calls.progress(tenant, id).state().isFinal(),
                query);
    }

    @GET
    @Path("{id}/events")
    public Page<EventView> events(
            @PathParam("id") String id, @QueryParam("cursor") String cursor, @QueryParam("limit") String limit) {
        return events.ofCall(calls.progress(caller.tenant(), id), cursor, limit);
    }

    @GET
    @Path("{id}/explanation")
    public ExplanationView explanation(@PathParam("id") String id) {
        return ExplanationView.of(id, explanations.of(caller.tenant(), id, clock.instant()));
    }
}
