// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.local.client.Client;
import serai.local.control.Allocations;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.doc.Shape;
import serai.local.http.Reads.Found;
import serai.local.state.Alloc;
import serai.local.state.Table;

/** {@code /v1/allocations}, {@code /v1/allocation/...} and what is asked of running ones. */
final class AllocationRoutes {
    static final String LIST = "/v1/allocations";

    private static final Pattern UUID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final Shape SIGNAL = new Shape("AllocSignalRequest")
            .optional("Signal", Shape.Scalar.STRING)
            .optional("Task", Shape.Scalar.STRING);
    private static final Shape RESTART = new Shape("AllocRestartRequest")
            .optional("TaskName", Shape.Scalar.STRING)
            .optional("AllTasks", Shape.Scalar.BOOL);

    private final Allocations allocations;
    private final Client client;
    private final Reads reads;

    AllocationRoutes(Allocations allocations, Client client, Reads reads) {
        this.allocations = allocations;
        this.client = client;
        this.reads = reads;
    }

    void addTo(Routes routes) {
        routes.read(LIST, this::list)
                .write("/v1/allocation/*/stop", this::stop)
                .read("/v1/allocation/*/services", call -> Reply.json(Json.array()))
                .read("/v1/allocation/*", this::read)
                .write("/v1/client/allocation/*/signal", this::signal)
                .write("/v1/client/allocation/*/restart", this::restart)
                .read("/v1/client/allocation/*/stats", this::stats);
    }

    private Reply list(Call call) throws InterruptedException {
        String prefix = call.query("prefix", "");
        var filter = call.query("filter").map(Filter::parse).orElse(Filter.NONE);
        boolean taskStates = !call.query("task_states", "true").equals("false");
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.ALLOCATIONS),
                        tables.allocs()
                                .filter(a -> call.inNamespace(a.namespace()) && a.id().startsWith(prefix))
                                .map(a -> (JsonNode) Views.alloc(a, call.flag("resources"), taskStates))
                                .filter(filter::accepts)
                                .collect(Json.toArray())));
    }

    private Reply read(Call call) throws InterruptedException {
        String id = call.parameter(0);
        if (!UUID.matcher(id).matches()) {
            throw new RefusedException(
                    500,
                    "alloc lookup failed: index error: "
                            + (id.length() == 36 ? "Invalid UUID" : "UUID must be 36 characters"));
        }
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.alloc(id).map(a -> Found.of(a.modifyIndex(), a.doc())),
                        tables.index(Table.ALLOCATIONS),
                        "alloc not found"));
    }

    private Reply stop(Call call) {
        Map.Entry<String, Long> result = allocations.stop(call.parameter(0), call.flag("no_shutdown_delay"));
        return Reply.json(Json.object("EvalID", result.getKey(), "Index", result.getValue()))
                .with("X-Nomad-Index", result.getValue());
    }

    private Reply signal(Call call) {
        JsonNode request = SIGNAL.conform(call.json("api.AllocSignalRequest"));
        Client.TaskRunners tasks = live(call);
        tasks.signal(Json.text(request, "Task"), Json.text(request, "Signal"));
        return Reply.json(Json.object("Index", 0));
    }

    private Reply restart(Call call) {
        JsonNode request = RESTART.conform(call.json("api.AllocRestartRequest"));
        Client.TaskRunners tasks = live(call);
        String task = Json.text(request, "TaskName");
        Alloc alloc = known(call);
        boolean exists = alloc.job()
                .group(alloc.group())
                .flatMap(group -> group.task(task))
                .isPresent();
        if (!task.isEmpty() && !exists) {
            throw new RefusedException(500, "Could not find task runner for task: " + task);
        }
        tasks.restart(task);
        return Reply.json(Json.object("Index", 0));
    }

    private Client.TaskRunners live(Call call) {
        Optional<Client.TaskRunners> live = client.live(known(call).id());
        return live.orElseThrow(() -> new RefusedException(500, "Task not running"));
    }

    private Alloc known(Call call) {
        return allocations
                .find(call.parameter(0))
                .orElseThrow(() -> new RefusedException(404, "Unknown allocation \"%s\"".formatted(call.parameter(0))));
    }

    /** Figures are not taken: as in Nomad without cgroups, an empty list of tasks means unknown. */
    private Reply stats(Call call) {
        known(call);
        return Reply.json(Json.object(
                "ResourceUsage",
                        Json.object(
                                "CpuStats", Json.object("Percent", 0, "SystemMode", 0, "TotalTicks", 0, "UserMode", 0),
                                "DeviceStats", Json.array(),
                                "MemoryStats", Json.object("Cache", 0, "MaxUsage", 0, "RSS", 0, "Swap", 0, "Usage", 0)),
                "Tasks", Json.object(),
                "Timestamp", 0));
    }
}
