// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.plan.Capacity;
import serai.local.plan.Devices;
import serai.local.plan.Node;
import serai.local.state.Alloc;
import serai.local.state.Evaluation;
import serai.local.state.Table;
import serai.local.state.Tables;
import serai.local.state.Times;

/** What the agent knows, in short and with its reasons in words: for its page and for whoever has questions. */
final class Overview {
    private Overview() {}

    /** Nodes with what they have and what of it is taken. */
    static ArrayNode nodes(Tables tables) {
        Capacity used = used(tables);
        return tables.all(Table.NODES)
                .map(doc -> {
                    Node node = new Node(doc);
                    Capacity whole = node.capacity();
                    return (JsonNode) Json.object(
                            "id", node.id(),
                            "name", node.name(),
                            "datacenter", node.datacenter(),
                            "status", Json.text(doc, "Status"),
                            "eligibility", Json.text(doc, "SchedulingEligibility"),
                            "drain", Json.flag(doc, "Drain") ? doc.get("DrainStrategy") : NullNode.getInstance(),
                            "lastDrain", orNull(doc.path("LastDrain")),
                            "cpuMhz", amount(used.cpu(), whole.cpu()),
                            "memoryMb", amount(used.memoryMb(), whole.memoryMb()),
                            "diskMb", amount(used.diskMb(), whole.diskMb()),
                            "events", nodeEvents(doc));
                })
                .collect(Json.toArray());
    }

    private static ObjectNode amount(long used, long whole) {
        return Json.object("used", used, "of", whole);
    }

    private static JsonNode orNull(JsonNode node) {
        return node.isMissingNode() ? NullNode.getInstance() : node;
    }

    private static ArrayNode nodeEvents(ObjectNode node) {
        return Json.each(node.path("Events"))
                .map(event -> (JsonNode)
                        Json.object("time", Json.text(event, "Timestamp"), "message", Json.text(event, "Message")))
                .collect(Json.toArray());
    }

    private static Capacity used(Tables tables) {
        Capacity used = Capacity.NONE;
        for (Alloc alloc : holders(tables)) {
            used = used.plus(Capacity.of(alloc.doc()));
        }
        return used;
    }

    /** With those that only have to end. */
    private static List<Alloc> holders(Tables tables) {
        return Stream.concat(
                        tables.allocs().filter(a -> !a.ended()),
                        tables.all(Table.ENDING).map(Alloc::new))
                .toList();
    }

    /** Devices with their holders. */
    static ArrayNode devices(Tables tables) {
        Map<String, Alloc> holders = new HashMap<>();
        holders(tables).forEach(alloc -> Devices.heldBy(alloc.doc()).forEach(id -> holders.put(id, alloc)));
        ArrayNode list = Json.array();
        tables.all(Table.NODES).forEach(node -> {
            for (JsonNode group : Json.at(node, "NodeResources", "Devices")) {
                for (JsonNode instance : group.path("Instances")) {
                    list.add(
                            device(node, group, instance, Optional.ofNullable(holders.get(Json.text(instance, "ID")))));
                }
            }
        });
        return list;
    }

    private static ObjectNode device(JsonNode node, JsonNode group, JsonNode instance, Optional<Alloc> holder) {
        return Json.object(
                "id", Json.text(instance, "ID"),
                "node", Json.text(node, "Name"),
                "vendor", Json.text(group, "Vendor"),
                "type", Json.text(group, "Type"),
                "name", Json.text(group, "Name"),
                "healthy", Json.flag(instance, "Healthy"),
                "health", Json.text(instance, "HealthDescription"),
                "bus", Json.at(instance, "Locality", "PciBusID").asText(""),
                "allocation", holder.<Object>map(Alloc::id).orElse(NullNode.getInstance()),
                "instance", holder.<Object>map(Alloc::name).orElse(NullNode.getInstance()));
    }

    /** Jobs with what runs of them and, where something does not, why. */
    static ArrayNode jobs(Tables tables) {
        return tables.jobs().map(job -> (JsonNode) job(tables, job)).collect(Json.toArray());
    }

    private static ObjectNode job(Tables tables, Job job) {
        List<Alloc> allocs = tables.allocs(job.namespace(), job.id()).toList();
        long wanted = job.stopped()
                ? 0
                : job.groups().stream().mapToLong(Job.Group::count).sum();
        List<String> reasons = new ArrayList<>();
        if (job.stopped()) {
            reasons.add("stopped");
        }
        tables.evaluations(job.namespace(), job.id())
                .filter(Evaluation::blocked)
                .flatMap(evaluation -> Reasons.of(evaluation).stream())
                .forEach(reasons::add);
        allocs.stream()
                .filter(a -> a.failed() && a.wanted())
                .max(Comparator.comparingLong(Alloc::modifyIndex))
                .map(Overview::failure)
                .ifPresent(reasons::add);
        return Json.object(
                "namespace", job.namespace(),
                "id", job.id(),
                "type", job.type(),
                "status", job.status(),
                "version", job.version(),
                "priority", job.priority(),
                "submitted", time(Json.number(job.doc(), "SubmitTime")),
                "wanted", wanted,
                "running", count(allocs, "running"),
                "starting", count(allocs, "pending"),
                "failed", count(allocs, "failed") + count(allocs, "lost"),
                "ended", count(allocs, "complete"),
                "reasons", reasons);
    }

    private static String failure(Alloc alloc) {
        return "%s failed: %s".formatted(alloc.name(), lastMessage(alloc));
    }

    private static String lastMessage(Alloc alloc) {
        return Json.each(alloc.taskStates())
                .flatMap(state -> Json.each(state.path("Events")))
                .filter(event -> !List.of("Not Restarting", "Killed").contains(Json.text(event, "Type")))
                .max(Comparator.comparingLong(event -> Json.number(event, "Time")))
                .map(event -> Json.text(event, "DisplayMessage"))
                .orElse(Json.text(alloc.doc(), "ClientDescription"));
    }

    private static long count(List<Alloc> allocs, String status) {
        return allocs.stream().filter(a -> a.clientStatus().equals(status)).count();
    }

    private static String time(long nanos) {
        return nanos == 0 ? "" : Times.instant(nanos).toString();
    }

    /** Allocations, the newest first, with the events of their tasks. */
    static ArrayNode allocations(Tables tables) {
        return tables.allocs()
                .sorted(Comparator.comparingLong(Alloc::createIndex).reversed())
                .map(alloc -> (JsonNode) allocation(alloc))
                .collect(Json.toArray());
    }

    private static ObjectNode allocation(Alloc alloc) {
        Capacity asked = Capacity.of(alloc.doc());
        ObjectNode ports = Json.object();
        Json.at(alloc.doc(), "AllocatedResources", "Shared", "Ports")
                .forEach(port -> ports.set(Json.text(port, "Label"), port.path("Value")));
        ArrayNode tasks = Json.array();
        alloc.taskStates().properties().forEach(task -> tasks.add(task(task.getKey(), task.getValue())));
        return Json.object(
                "id", alloc.id(),
                "name", alloc.name(),
                "namespace", alloc.namespace(),
                "job", alloc.jobId(),
                "jobVersion", alloc.job().version(),
                "desired", alloc.desiredStatus(),
                "status", alloc.clientStatus(),
                "reason", reason(alloc),
                "created", time(Json.number(alloc.doc(), "CreateTime")),
                "modified", time(Json.number(alloc.doc(), "ModifyTime")),
                "evaluation", Json.text(alloc.doc(), "EvalID"),
                "previous", Json.text(alloc.doc(), "PreviousAllocation"),
                "next", Json.text(alloc.doc(), "NextAllocation"),
                "cpuMhz", asked.cpu(),
                "memoryMb", asked.memoryMb(),
                "diskMb", asked.diskMb(),
                "ports", ports,
                "devices", Devices.heldBy(alloc.doc()),
                "tasks", tasks);
    }

    private static String reason(Alloc alloc) {
        String decided = Json.text(alloc.doc(), "DesiredDescription");
        if (alloc.failed()) {
            return lastMessage(alloc);
        }
        boolean asItShouldBe = alloc.clientStatus().equals("running");
        return decided.isEmpty() && !asItShouldBe ? Json.text(alloc.doc(), "ClientDescription") : decided;
    }

    private static ObjectNode task(String name, JsonNode state) {
        ArrayNode events = Json.array();
        state.path("Events")
                .forEach(event -> events.add(Json.object(
                        "time", time(Json.number(event, "Time")),
                        "type", Json.text(event, "Type"),
                        "message", Json.text(event, "DisplayMessage"))));
        return Json.object(
                "name", name,
                "state", Json.text(state, "State"),
                "failed", Json.flag(state, "Failed"),
                "restarts", Json.number(state, "Restarts"),
                "started", Json.text(state, "StartedAt"),
                "finished", Json.text(state, "FinishedAt"),
                "events", events);
    }

    /** Evaluations, the newest first, with what they decided. */
    static ArrayNode evaluations(Tables tables) {
        return tables.evaluations()
                .sorted(Comparator.comparingLong(Evaluation::createIndex).reversed())
                .map(evaluation -> (JsonNode) Json.object(
                        "id", evaluation.id(),
                        "namespace", evaluation.namespace(),
                        "job", evaluation.jobId(),
                        "trigger", Json.text(evaluation.doc(), "TriggeredBy"),
                        "status", evaluation.status(),
                        "created", time(Json.number(evaluation.doc(), "CreateTime")),
                        "modified", time(Json.number(evaluation.doc(), "ModifyTime")),
                        "waitUntil", evaluation.waitUntil(),
                        "decided", Reasons.decisions(evaluation),
                        "reasons", Reasons.of(evaluation)))
                .collect(Json.toArray());
    }
}
