// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.MediaType;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.api.rest.json.Json;
import serai.api.rest.log.LogAnswers;
import serai.api.rest.log.LogQuery;
import serai.app.Apps;
import serai.call.Inputs;
import serai.cluster.Cluster;
import serai.container.Containers;
import serai.function.Function;
import serai.function.Functions;
import serai.log.Logs;
import serai.pool.Pool;
import serai.pool.Pools;
import serai.web.WebRulesOfFunctions;

/** Functions: what they ask for, how many containers they have, and why. */
@Path("functions")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class FunctionsResource {
    private final Functions functions;
    private final Pools pools;
    private final Containers containers;
    private final Inputs inputs;
    private final Environments environments;
    private final Cluster cluster;
    private final Apps apps;
    private final WebRulesOfFunctions webRules;
    private final LogAnswers logs;
    private final EventPages events;
    private final Caller caller;

    @Inject
    public FunctionsResource(
            Functions functions,
            Pools pools,
            Containers containers,
            Inputs inputs,
            Environments environments,
            Cluster cluster,
            Apps apps,
            WebRulesOfFunctions webRules,
            LogAnswers logs,
            EventPages events,
            Caller caller) {
        this.events = events;
        this.cluster = cluster;
        this.apps = apps;
        this.webRules = webRules;
        this.logs = logs;
        this.functions = functions;
        this.pools = pools;
        this.containers = containers;
        this.inputs = inputs;
        this.environments = environments;
        this.caller = caller;
    }

    public FunctionsResource() {
        this(null, null, null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @GET
    public Page<FunctionView> list(@QueryParam("limit") String limit) {
        var names = environments.names(caller.tenant());
        return Page.of(
                limit,
                size -> functions.list(caller.tenant(), size),
                function -> FunctionView.of(function, names.get(function.environmentId())));
    }

    @GET
    @Path("{id}")
    public FunctionDetail get(@PathParam("id") String id) {
        var function = functions.get(caller.tenant(), id);
        var environment = environments.names(caller.tenant()).get(function.environmentId());
        if (function.definitionId() == null) {
            return FunctionDetail.of(function, environment);
        }
        return FunctionDetail.of(
                function,
                environment,
                functions.definition(function.definitionId()),
                pools.current(function).map(this::view).orElse(null));
    }

    @GET
    @Path("{id}/variants")
    public Page<VariantView> variants(
            @PathParam("id") String id, @QueryParam("limit") String limit, @QueryParam("cursor") String cursor) {
        var base = functions.get(caller.tenant(), id);
        var definition = functions.current(base);
        return Page.of(
                limit,
                size -> functions.variants(base, cursor == null ? "" : cursor, size),
                variant -> VariantView.of(variant, definition),
                Function::id);
    }

    private FunctionDetail.PoolView view(Pool pool) {
        return FunctionDetail.PoolView.of(
                pool, containers.live(pool.id()).size(), inputs.load(pool.id()), cluster.page(pool.id()));
    }

    @GET
    @Path("{id}/web")
    public WebRulesView webRules(@PathParam("id") String id) {
        return WebRulesView.of(webRules.of(functions.get(caller.tenant(), id).id()));
    }

    /** All of its rules: what is not there is as the server's settings have it. */
    @PUT
    @Path("{id}/web")
    @Consumes(MediaType.APPLICATION_JSON)
    public WebRulesView putWebRules(@PathParam("id") String id, byte[] body) {
        var function = functions.get(caller.tenant(), id);
        var fields = Json.read(body);
        var rules = WebRulesView.read(fields);
        fields.end();
        webRules.put(function.id(), rules);
        return WebRulesView.of(rules);
    }

    @GET
    @Path("{id}/events")
    public Page<EventView> events(
            @PathParam("id") String id, @QueryParam("cursor") String cursor, @QueryParam("limit") String limit) {
        return events.ofFunction(functions.get(caller.tenant(), id).id(), cursor, limit);
    }

    @GET
    @Path("{id}/logs")
    @Produces({MediaType.APPLICATION_JSON, LogAnswers.LINES})
    public void logs(@PathParam("id") String id, @BeanParam LogQuery query, @Suspended AsyncResponse answer) {
        var tenant = caller.tenant();
        var app = functions.get(tenant, id).appId();
        logs.answer(
                answer,
                app,
                new Logs.Filter(id, "", "", "", 0),
                () -> !apps.get(tenant, app).state().runs(),
                query);
    }
}
