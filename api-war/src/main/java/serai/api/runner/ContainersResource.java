// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.time.InstantSource;
import serai.activate.Doorkeeper;
import serai.api.http.Access;
import serai.api.http.Bearer;
import serai.api.http.Caller;
import serai.build.Builders;
import serai.cluster.AllocationId;
import serai.container.Container;
import serai.container.Containers;
import serai.function.Functions;
import serai.image.Builds;
import serai.log.Allowances;
import serai.log.BuildLogs;
import serai.log.Logs;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.protocol.Messages;
import serai.reap.Admissions;
import serai.reap.Departures;

/**
 * A container's life as its runner tells it. A runner comes with its pool's secret as bearer, once; from then on it acts for
 * one container with that container's token: the container's id, a dot, its secret.
 */
@Path("containers")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
@RequestScoped
public class ContainersResource {
    /** How long after a container's end its last words are taken. */
    private static final Duration LAST_WORDS = Duration.ofMinutes(5);

    private final Admissions admissions;
    private final Departures departures;
    private final Assignments assignments;
    private final Logs logs;
    private final Allowances allowances;
    private final Pools pools;
    private final Functions functions;
    private final Caller caller;
    private final Doorkeeper doorkeeper;
    private final Builders builders;
    private final Builds builds;
    private final BuildLogs buildLogs;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public ContainersResource(
            Admissions admissions,
            Departures departures,
            Assignments assignments,
            Logs logs,
            Allowances allowances,
            Pools pools,
            Functions functions,
            Caller caller,
            Doorkeeper doorkeeper,
            Builders builders,
            Builds builds,
            BuildLogs buildLogs) {
        this.admissions = admissions;
        this.departures = departures;
        this.assignments = assignments;
        this.logs = logs;
        this.allowances = allowances;
        this.pools = pools;
        this.functions = functions;
        this.caller = caller;
        this.doorkeeper = doorkeeper;
        this.builders = builders;
        this.builds = builds;
        this.buildLogs = buildLogs;
    }

    public ContainersResource() {
        this(null, null, null, null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /** Not in one transaction: the cluster is asked in between. */
    @POST
    @Access(Access.By.ITSELF) // by the pool's secret
    public Response register(@HeaderParam(HttpHeaders.AUTHORIZATION) String authorization, Registration registration) {
        var secret = Bearer.of(authorization).token();
        var who = Bodies.present(registration);
        var admitted = admissions.admit(
                new PoolId(who.pool()), secret, new AllocationId(who.allocation()), who.index(), who.node());
        return Response.status(Response.Status.CREATED)
                .entity(assignment(admitted))
                .header(HttpHeaders.CACHE_CONTROL, "no-store")
                .build();
    }

    /** What is not there for one container, say a secret that was deleted, is not there for the next one either. */
    private Assignment assignment(Containers.Admitted admitted) {
        try {
            return assignments.of(admitted);
        } catch (ProblemException e) {
            var container = admitted.container();
            logs.note(container.appId(), container.functionId(), e.getMessage(), clock.instant());
            departures.startFailed(
                    container.id(),
                    Messages.failure(container.id(), e.getMessage()).toByteArray(),
                    e.getMessage());
            throw e;
        }
    }

    @POST
    @Path("{id}/logs")
    @Access(Access.By.CONTAINER)
    public void logs(@PathParam("id") String id, LogBatch batch) {
        var container = caller.container(id);
        var now = clock.instant();
        if (container.endedAt() != null && container.endedAt().plus(LAST_WORDS).isBefore(now)) {
            throw Problem.PERMISSION_DENIED.because("%s ended at %s", id, container.endedAt());
        }
        var pieces = Bodies.present(batch).pieces(container.createdAt(), now);
        var build = builds.ofFunction(container.functionId());
        if (build.isPresent()) {
            buildLogs.append(build.get().id(), allowances.admit(id, pieces, now), now);
            return;
        }
        logs.append(container, isSingle(container), allowances.admit(id, pieces, now));
    }

    private boolean isSingle(Container container) {
        var definition = functions.definition(pools.get(container.poolId()).definitionId());
        return definition.duties().concurrency() == 1;
    }

    /** Of a container that is an HTTP server, when something changes and as its sign of life. */
    @POST
    @Path("{id}/door")
    @Access(Access.By.CONTAINER)
    public void door(@PathParam("id") String id, DoorReport report) {
        var container = caller.container(id);
        if (container.state() == Container.State.ENDED) {
            throw Problem.PERMISSION_DENIED.because("%s ended at %s", id, container.endedAt());
        }
        doorkeeper.told(Bodies.present(report).of(id), container.poolId(), report.listening());
    }

    @GET
    @Path("{id}/servers")
    @Access(Access.By.CONTAINER)
    public Assignment.ServerList servers(@PathParam("id") String id) {
        caller.container(id);
        return new Assignment.ServerList(assignments.servers());
    }

    /** Of a container whose function makes a layer, when it has ended well; again while it makes it, as a sign of life. */
    @POST
    @Path("{id}/layer/wish")
    @Access(Access.By.CONTAINER)
    public Kept.Wish wish(@PathParam("id") String id) {
        return new Kept.Wish(builders.wants(caller.container(id)));
    }

    /** The registry will have what it wrote, before it is known here. */
    @POST
    @Path("{id}/layer/push")
    @Access(Access.By.CONTAINER)
    public void push(@PathParam("id") String id, Kept.Push layer) {
        var it = Bodies.present(layer);
        builders.pushes(caller.container(id), it.tag(), it.proof());
    }

    @POST
    @Path("{id}/layer")
    @Access(Access.By.CONTAINER)
    public void kept(@PathParam("id") String id, Kept layer) {
        var it = Bodies.present(layer);
        builders.kept(caller.container(id), it.digest(), it.size(), it.proof());
    }

    @POST
    @Path("{id}/exit")
    @Access(Access.By.CONTAINER)
    public void exit(@PathParam("id") String id, End end) {
        var container = caller.container(id);
        var how = Bodies.present(end);
        var rest = allowances.close(id, clock.instant());
        if (!rest.isEmpty()) {
            logs.append(container, isSingle(container), rest);
        }
        departures.ended(container.id(), how.exitCode(), how.inWords());
    }
}
