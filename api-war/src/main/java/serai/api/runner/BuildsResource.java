// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.InstantSource;
import serai.api.http.Access;
import serai.api.http.Bearer;
import serai.api.http.Caller;
import serai.build.Builders;
import serai.cluster.AllocationId;
import serai.image.Builds;
import serai.image.Publications;
import serai.pool.PoolId;

/**
 * A build's life as its builder tells it. A builder comes with its job's secret as bearer; from then on it acts for one build
 * with that build's token.
 */
@Path("builds")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
@RequestScoped
public class BuildsResource {
    private final Builders builders;
    private final Builds builds;
    private final Publications publications;
    private final Assignments assignments;
    private final Caller caller;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public BuildsResource(
            Builders builders, Builds builds, Publications publications, Assignments assignments, Caller caller) {
        this.builders = builders;
        this.builds = builds;
        this.publications = publications;
        this.assignments = assignments;
        this.caller = caller;
    }

    public BuildsResource() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /** Not in one transaction: the cluster is asked in between. */
    @POST
    @Access(Access.By.ITSELF) // by the job's secret
    public Response register(@HeaderParam(HttpHeaders.AUTHORIZATION) String authorization, Registration registration) {
        var secret = Bearer.of(authorization).token();
        var who = Bodies.present(registration);
        var admitted = builders.admit(new PoolId(who.pool()), secret, new AllocationId(who.allocation()), who.index());
        return Response.status(Response.Status.CREATED)
                .entity(assignments.of(admitted))
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .build();
    }

    @POST
    @Path("{id}/logs")
    @Access(Access.By.BUILD)
    public void logs(@PathParam("id") String id, LogBatch batch) {
        var build = caller.build(id);
        var said = Bodies.present(batch).pieces(build.createdAt(), clock.instant()).stream()
                .map(piece -> new Builds.Said(0, piece.at(), piece.stream(), piece.content()))
                .toList();
        builds.append(build.id(), said, clock.instant());
    }

    @POST
    @Path("{id}/layers")
    @Access(Access.By.BUILD)
    public void made(@PathParam("id") String id, Made made) {
        var layer = Bodies.present(made);
        builds.made(caller.build(id), layer.image(), layer.digest(), layer.size(), layer.python(), clock.instant());
    }

    /** Tells a node which of its layers no image has any more. */
    @POST
    @Path("{id}/garbage")
    @Access(Access.By.BUILD)
    public Names garbage(@PathParam("id") String id, Names layers) {
        caller.build(id);
        return new Names(builds.garbage(Bodies.present(layers).names()));
    }

    @POST
    @Path("{id}/end")
    @Access(Access.By.BUILD)
    public void end(@PathParam("id") String id, BuildEnd end) {
        var build = caller.build(id);
        var how = Bodies.present(end);
        if (how.ok() && how.reference() != null && !how.reference().isEmpty()) {
            publications.published(build, how.reference(), clock.instant());
        }
        builders.ended(build, how.ok(), how.inWords());
    }
}
