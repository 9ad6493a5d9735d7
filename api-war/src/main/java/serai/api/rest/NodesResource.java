// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import serai.api.http.Access;
import serai.cluster.Cluster;
import serai.cluster.Node;

/** The machines that containers run on. */
@Path("nodes")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
public class NodesResource {
    private final Cluster cluster;

    @Inject
    public NodesResource(Cluster cluster) {
        this.cluster = cluster;
    }

    public NodesResource() {
        this(null); // for the server's proxy
    }

    @GET
    public Page<Node> list(@QueryParam("limit") String limit) {
        return Page.of(limit, size -> cluster.nodes(), node -> node);
    }
}
