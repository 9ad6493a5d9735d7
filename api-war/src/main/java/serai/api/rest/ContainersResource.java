// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.MediaType;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.api.rest.log.LogAnswers;
import serai.api.rest.log.LogQuery;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.container.Container;
import serai.container.Containers;
import serai.log.Logs;

/** Containers: where they run, since when, and how they ended. */
@Path("containers")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class ContainersResource {
    private final Containers containers;
    private final Cluster cluster;
    private final LogAnswers logs;
    private final Caller caller;

    @Inject
    public ContainersResource(Containers containers, Cluster cluster, LogAnswers logs, Caller caller) {
        this.cluster = cluster;
        this.logs = logs;
        this.containers = containers;
        this.caller = caller;
    }

    public ContainersResource() {
        this(null, null, null, null); // for the server's proxy
    }

    @GET
    public Page<ContainerView> list(@QueryParam("limit") String limit) {
        return Page.of(limit, size -> containers.list(caller.tenant(), size), this::view);
    }

    @GET
    @Path("{id}")
    public ContainerView get(@PathParam("id") String id) {
        return view(containers.get(caller.tenant(), id));
    }

    private ContainerView view(Container container) {
        return ContainerView.of(container, cluster.page(new AllocationId(container.allocationId())));
    }

    @GET
    @Path("{id}/logs")
    @Produces({MediaType.APPLICATION_JSON, LogAnswers.LINES})
    public void logs(@PathParam("id") String id, @BeanParam LogQuery query, @Suspended AsyncResponse answer) {
        var tenant = caller.tenant();
        var container = containers.get(tenant, id);
        logs.answer(
                answer,
                container.appId(),
                new Logs.Filter("", id, "", "", 0),
                () -> containers.get(tenant, id).state() == Container.State.ENDED,
                query);
    }
}
