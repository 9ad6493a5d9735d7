// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.local.client.Client;
import serai.local.client.Usage;
import serai.local.control.Allocations;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.doc.Shape;
import serai.local.http.Reads.Found;
import serai.local.state.Alloc;
import serai.local.state.Table;
import serai.local.state.Times;

/** {@code /v1/allocations}, {@code /v1/allocation/...} and what is asked of running ones. */
final class AllocationRoutes {
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
    private final int mhz;

    /** @param mhz of one core, which ticks are counted in */
    AllocationRoutes(Allocations allocations, Client client, Reads reads, int mhz) {
        this.mhz = mhz;
        this.allocations = allocations;
        this.client = client;
        this.reads = reads;
    }

    void addTo(Routes routes) {
        routes.read("/v1/allocations", this::list)
                .write("/v1/allocation/*/stop", this::stop)
                .read("/v1/allocation/*/services", call -> Reply.json(Json.array()))
                .read("/v1/allocation/*", this::read)
                .write("/v1/client/allocation/*/signal", this::signal)
                .write("/v1/client/allocation/*/restart", this::restart)
                .read("/v1/client/allocation/*/stats", this::stats);
    }

    private Reply list(Call call) throws InterruptedException {
        String prefix = call.query("prefix", "");
        boolean taskStates = !call.query("task_states", "true").equals("false");
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.ALLOCATIONS),
                        tables.allocs()
                                .filter(a -> call.inNamespace(a.namespace()) && a.id().startsWith(prefix))
                                .map(a -> (JsonNode) Views.alloc(a, call.flag("resources"), taskStates))
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

    /** Only of what runs; an empty list of tasks means unknown, as in Nomad. */
    private Reply stats(Call call) throws IOException {
        Optional<Client.TaskRunners> live = client.live(known(call).id());
        long now = live.isPresent() ? Times.nanos(Instant.now()) : 0;
        ObjectNode tasks = Json.object();
        Usage.Figures whole = Usage.Figures.NONE;
        if (live.isPresent()) {
            for (var task : live.get().usage().entrySet()) {
                Usage.Figures sum = task.getValue().values().stream().reduce(Usage.Figures.NONE, Usage.Figures::plus);
                ObjectNode processes = Json.object();
                task.getValue().forEach((pid, figures) -> processes.set(pid.toString(), usage(figures, true)));
                tasks.set(
                        task.getKey(),
                        Json.object("Pids", processes, "ResourceUsage", usage(sum, true), "Timestamp", now));
                whole = whole.plus(sum);
            }
        }
        return Reply.json(Json.object(
                "ResourceUsage",
                usage(whole, !tasks.isEmpty()).set("DeviceStats", Json.array()),
                "Tasks",
                tasks,
                "Timestamp",
                tasks.isEmpty() ? 0 : now));
    }

    private ObjectNode usage(Usage.Figures figures, boolean measured) {
        NullNode none = NullNode.getInstance();
        double percent = figures.user() + figures.system();
        return Json.object(
                "CpuStats",
                        Json.object(
                                "Measured",
                                measured ? List.of("System Mode", "User Mode", "Percent") : none,
                                "Percent",
                                percent,
                                "SystemMode",
                                figures.system(),
                                "ThrottledPeriods",
                                0,
                                "ThrottledTime",
                                0,
                                "TotalTicks",
                                percent / 100 * mhz,
                                "UserMode",
                                figures.user()),
                "DeviceStats", none,
                "MemoryStats",
                        Json.object(
                                "Cache", 0,
                                "KernelMaxUsage", 0,
                                "KernelUsage", 0,
                                "MappedFile", 0,
                                "MaxUsage", 0,
                                "Measured", measured ? List.of("RSS", "Swap") : none,
                                "RSS", figures.rss(),
                                "Swap", figures.swap(),
                                "Usage", 0));
    }
}
