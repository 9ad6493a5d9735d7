// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import serai.api.http.Access;
import serai.api.http.Caller;
import serai.config.HttpConfig;
import serai.problem.Problem;
import serai.schedule.Firings;
import serai.schedule.Schedule;
import serai.schedule.Schedules;
import serai.workspace.Workspaces;

/** Schedules: what runs by the clock, what it did, and what it will do. */
@Path("schedules")
@Produces(MediaType.APPLICATION_JSON)
@Access(Access.By.TOKEN)
@RequestScoped
@Transactional
public class SchedulesResource {
    private static final int STANDARD_NEXT = 5;
    private static final int MOST_NEXT = 100;
    private static final int LAST = 10;

    private final Schedules schedules;
    private final Firings firings;
    private final Workspaces workspaces;
    private final Environments environments;
    private final HttpConfig http;
    private final Caller caller;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public SchedulesResource(
            Schedules schedules,
            Firings firings,
            Workspaces workspaces,
            Environments environments,
            HttpConfig http,
            Caller caller) {
        this.schedules = schedules;
        this.firings = firings;
        this.workspaces = workspaces;
        this.environments = environments;
        this.http = http;
        this.caller = caller;
    }

    public SchedulesResource() {
        this(null, null, null, null, null, null); // for the server's proxy
    }

    @GET
    public Page<ScheduleView> list(
            @QueryParam("app") String app,
            @QueryParam("environment") String environment,
            @QueryParam("limit") String limit) {
        var tenant = caller.tenant();
        var environmentId = environment == null
                ? null
                : workspaces.environment(tenant, environment).id();
        var names = environments.names(tenant);
        return Page.of(
                limit,
                size -> schedules.list(tenant, app, environmentId, size),
                schedule -> ScheduleView.of(schedule, names.get(schedule.environmentId())));
    }

    @GET
    @Path("{id}")
    public ScheduleDetail get(@PathParam("id") String id, @QueryParam("next") String next) {
        int count = count(next);
        var schedule = schedules.get(caller.tenant(), id);
        return new ScheduleDetail(
                view(schedule),
                next(schedule, count),
                schedules.firings(schedule, null, LAST).stream()
                        .map(FiringView::of)
                        .toList());
    }

    private static int count(String next) {
        if (next == null) {
            return STANDARD_NEXT;
        }
        if (!next.matches("\\d{1,3}") || Integer.parseInt(next) > MOST_NEXT) {
            throw Problem.INVALID_ARGUMENT.because("next \"%s\": a number from 0 to %d is needed", next, MOST_NEXT);
        }
        return Integer.parseInt(next);
    }

    private List<Instant> next(Schedule schedule, int count) {
        var slots = new ArrayList<Instant>(count);
        var slot = schedule.next(clock.instant());
        while (slots.size() < count && slot.isPresent()) {
            slots.add(slot.get());
            slot = schedule.next(slot.get());
        }
        return slots;
    }

    private ScheduleView view(Schedule schedule) {
        return ScheduleView.of(schedule, environments.names(caller.tenant()).get(schedule.environmentId()));
    }

    @GET
    @Path("{id}/firings")
    public Page<FiringView> firings(
            @PathParam("id") String id, @QueryParam("before") String before, @QueryParam("limit") String limit) {
        var schedule = schedules.get(caller.tenant(), id);
        var slot = before == null ? null : time(before);
        return Page.of(limit, size -> schedules.firings(schedule, slot, size), FiringView::of);
    }

    private static Instant time(String before) {
        try {
            return Instant.parse(before);
        } catch (DateTimeParseException e) {
            throw Problem.INVALID_ARGUMENT.because("before \"%s\": a time is needed, say 2030-01-01T12:00:00Z", before);
        }
    }

    @POST
    @Path("{id}/pause")
    public ScheduleView pause(@PathParam("id") String id) {
        return view(schedules.pause(caller.tenant(), id, clock.instant()));
    }

    @POST
    @Path("{id}/resume")
    public ScheduleView resume(@PathParam("id") String id) {
        return view(schedules.resume(caller.tenant(), id, clock.instant()));
    }

    @POST
    @Path("{id}/fire")
    public Response fire(@PathParam("id") String id) {
        var call = firings.fireNow(caller.tenant(), id, clock.instant());
        return Response.accepted(new Fired(call)).location(location(call)).build();
    }

    private URI location(String call) {
        return http.url().resolve("/api/v1/calls/" + call);
    }

    /** @param call its id */
    public record Fired(String call) {}
}
