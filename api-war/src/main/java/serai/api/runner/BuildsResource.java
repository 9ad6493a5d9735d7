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
import serai.config.RunnerConfig;
import serai.image.BaseLayer;
import serai.image.BaseLayers;
import serai.image.Builds;
import serai.image.Publications;
import serai.image.RegistryTags;
import serai.log.BuildLogs;
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
    private final BuildLogs logs;
    private final Publications publications;
    private final BaseLayers bases;
    private final RegistryTags registry;
    private final Assignments assignments;
    private final RunnerConfig runner;
    private final Caller caller;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public BuildsResource(
            Builders builders,
            Builds builds,
            BuildLogs logs,
            Publications publications,
            BaseLayers bases,
            RegistryTags registry,
            Assignments assignments,
            RunnerConfig runner,
            Caller caller) {
        this.builders = builders;
        this.builds = builds;
        this.logs = logs;
        this.publications = publications;
        this.bases = bases;
        this.registry = registry;
        this.assignments = assignments;
        this.runner = runner;
        this.caller = caller;
    }

    public BuildsResource() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
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
        var now = clock.instant();
        logs.append(build.id(), Bodies.present(batch).pieces(build.createdAt(), now), now);
    }

    @POST
    @Path("{id}/layers")
    @Access(Access.By.BUILD)
    public void made(@PathParam("id") String id, Made made) {
        var layer = Bodies.present(made);
        builds.made(
                caller.build(id),
                layer.image(),
                layer.digest(),
                layer.size(),
                layer.python(),
                layer.base(),
                clock.instant());
    }

    /** Which base system of a name counts: the node's own, where it says its digest and is the first. */
    @POST
    @Path("{id}/bases")
    @Access(Access.By.BUILD)
    public Foundation base(@PathParam("id") String id, Foundation foundation) {
        caller.build(id);
        var own = Bodies.present(foundation);
        return new Foundation(
                own.name(),
                own.digest().isEmpty()
                        ? bases.digest(own.name()).orElse("")
                        : bases.record(new BaseLayer(own.name(), own.digest()), clock.instant()));
    }

    /** What the node is about to push. */
    @POST
    @Path("{id}/registry/pushes")
    @Access(Access.By.BUILD)
    public void pushes(@PathParam("id") String id, Tags tags) {
        registry.announce(caller.build(id).id(), Bodies.present(tags).names(), clock.instant());
    }

    /** What the registry may have and nobody needs; before that, what it has no more. */
    @POST
    @Path("{id}/registry/garbage")
    @Access(Access.By.BUILD)
    public Tags garbageOfRegistry(@PathParam("id") String id, Tags gone) {
        caller.build(id);
        Bodies.present(gone).tags().forEach(tag -> registry.gone(tag.asked()));
        return Tags.of(registry.garbage(clock.instant()));
    }

    /** Of what the node has seen, that which it may delete. */
    @POST
    @Path("{id}/registry/deletions")
    @Access(Access.By.BUILD)
    public Tags deletions(@PathParam("id") String id, Tags seen) {
        caller.build(id);
        return new Tags(Bodies.present(seen).tags().stream()
                .filter(tag -> registry.mayGo(tag.asked(), tag.manifest(), clock.instant()))
                .toList());
    }

    /** Tells a node which of its layers no image has any more, and how long the rest of its cache stays. */
    @POST
    @Path("{id}/garbage")
    @Access(Access.By.BUILD)
    public Dispensable garbage(@PathParam("id") String id, Names layers) {
        caller.build(id);
        return new Dispensable(
                builds.garbage(Bodies.present(layers).names()),
                runner.cacheRetention().toSeconds());
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
