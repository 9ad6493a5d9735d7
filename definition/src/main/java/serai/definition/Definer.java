// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import modal.client.Function;
import modal.client.FunctionData;
import modal.client.Warning;
import serai.config.AutoscaleConfig;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.device.DeviceNames;
import serai.function.Definition;
import serai.function.Functions;
import serai.image.Images;
import serai.mount.Mounts;
import serai.schedule.Arguments;
import serai.schedule.Schedules;
import serai.schedule.Timetable;
import serai.secret.Secrets;
import serai.web.WebEndpoints;
import serai.workspace.Tenant;

/** How every edge makes a function's definition: all of it is read, and refused, before anything of it is stored. */
@ApplicationScoped
public class Definer {
    private final Functions functions;
    private final Images images;
    private final Mounts mounts;
    private final Schedules schedules;
    private final Secrets secrets;
    private final WebNames names;
    private final WebEndpoints endpoints;
    private final DefinitionReader reader;

    @Inject
    public Definer(
            Functions functions,
            Images images,
            Mounts mounts,
            Schedules schedules,
            Secrets secrets,
            WebNames names,
            WebEndpoints endpoints,
            AutoscaleConfig defaults,
            DeviceNames devices,
            RunnerConfig runner,
            ImageConfig imageSettings) {
        this.functions = functions;
        this.images = images;
        this.mounts = mounts;
        this.schedules = schedules;
        this.secrets = secrets;
        this.names = names;
        this.endpoints = endpoints;
        this.reader = new DefinitionReader(defaults, devices, runner, imageSettings);
    }

    public Definer() {
        this(null, null, null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /**
     * @param data as the client wants it back, with the function once for each alternative GPU
     * @throws serai.problem.ProblemException for what the function asks for and the platform does not have or know
     */
    public Draft read(Tenant tenant, String appId, Function function, FunctionData data, String clientVersion) {
        var duties = reader.read(function, data, clientVersion);
        var timetable = ScheduleReader.read(function);
        mustExist(tenant, duties);
        var called = names.of(tenant, appId, function);
        var addressed = WebNames.addressed(function, called);
        return new Draft(
                addressed,
                duties,
                timetable,
                ScheduleReader.arguments(function),
                FunctionWire.of(appId, addressed, data),
                called,
                Snapshots.warnings(function));
    }

    /** @throws serai.problem.ProblemException for an object that is not there, or is another workspace's */
    void mustExist(Tenant tenant, Definition.Duties duties) {
        if (duties.imageId() != null) {
            images.get(tenant, duties.imageId());
        }
        duties.mounts().forEach(mount -> mounts.get(tenant, mount));
        secrets.mustFit(tenant, duties.secrets());
    }

    /** Stores it; it begins to count when its app is published. */
    public Definition store(serai.function.Function function, Draft draft) {
        var stored = functions.define(function, draft.wire, draft.duties);
        draft.names.forEach((method, name) -> endpoints.declare(stored.id(), method, name.all()));
        draft.timetable.ifPresent(present -> schedules.declare(stored, present, draft.firing));
        return stored;
    }

    /**
     * A definition that was read and not stored yet.
     *
     * @param function as the client wants it back
     * @param firing what its timetable, if it has one, calls it with
     * @param warnings of what it asks for and does without
     */
    public record Draft(
            Function function,
            Definition.Duties duties,
            Optional<Timetable> timetable,
            Arguments firing,
            Definition.Wire wire,
            Map<String, WebNames.WebName> names,
            List<Warning> warnings) {}
}
