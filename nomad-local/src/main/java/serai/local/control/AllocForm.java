// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.plan.Node;
import serai.local.plan.Placement;
import serai.local.plan.Placer;
import serai.local.plan.ResourceDocs;
import serai.local.state.Alloc;

/** Writes a new allocation as the API shows it. */
final class AllocForm {
    private AllocForm() {}

    static Alloc of(
            Job job,
            Job.Group group,
            int index,
            Node node,
            Placement.Placed given,
            String evaluation,
            ObjectNode metrics) {
        NullNode none = NullNode.getInstance();
        Map<String, Integer> ports = given.ports();
        ArrayNode networks = networks(group, node, ports);
        ObjectNode tasks = Json.object();
        ObjectNode lifecycles = Json.object();
        ObjectNode taskResources = Json.object();
        for (Job.Task task : group.tasks()) {
            lifecycles.putNull(task.name());
            tasks.set(
                    task.name(),
                    Json.object(
                            "Cpu",
                            Json.object("CpuShares", task.cpu(), "ReservedCores", none),
                            "Devices",
                            given.devices().containsKey(task.name())
                                    ? given.devices().get(task.name())
                                    : none,
                            "Memory",
                            Json.object("MemoryMB", task.memoryMb(), "MemoryMaxMB", task.memoryMaxMb()),
                            "Networks",
                            none));
            taskResources.set(task.name(), ResourceDocs.of(task.cpu(), task.memoryMb(), 0));
        }
        var ask = Placer.ask(group);
        ObjectNode whole =
                ResourceDocs.of(ask.cpu(), ask.memoryMb(), ask.diskMb()).put("MemoryMaxMB", ask.memoryMb());
        ObjectNode shared = ResourceDocs.of(0, 0, ask.diskMb());
        if (!networks.isEmpty()) {
            whole.set("Networks", networks);
            shared.set("Networks", networks);
        }
        return new Alloc(Json.object(
                "ID", Ids.next(),
                "Name", "%s.%s[%d]".formatted(job.id(), group.name(), index),
                "Namespace", job.namespace(),
                "JobID", job.id(),
                "Job", job.doc(),
                "TaskGroup", group.name(),
                "EvalID", evaluation,
                "NodeID", node.id(),
                "NodeName", node.name(),
                "DesiredStatus", "run",
                "ClientStatus", "pending",
                "Metrics", metrics,
                "AllocatedResources",
                        Json.object(
                                "Shared",
                                        Json.object(
                                                "DiskMB", ask.diskMb(),
                                                "Networks", networks.isEmpty() ? none : networks,
                                                "Ports", ports.isEmpty() ? none : portMap(node, ports)),
                                "TaskLifecycles", lifecycles,
                                "Tasks", tasks),
                "Resources", whole,
                "SharedResources", shared,
                "TaskResources", taskResources));
    }

    private static ArrayNode networks(Job.Group group, Node node, Map<String, Integer> ports) {
        ArrayNode networks = Json.array();
        JsonNode network = group.network();
        if (network.isObject()) {
            ObjectNode offered = Json.with((ObjectNode) network, "IP", node.address());
            for (String kind : new String[] {"DynamicPorts", "ReservedPorts"}) {
                if (network.path(kind).isArray()) {
                    ArrayNode list = Json.array();
                    network.path(kind)
                            .forEach(port -> list.add(
                                    Json.with((ObjectNode) port, "Value", ports.get(Json.text(port, "Label")))));
                    offered.set(kind, list);
                }
            }
            networks.add(offered);
        }
        return networks;
    }

    private static ArrayNode portMap(Node node, Map<String, Integer> ports) {
        ArrayNode list = Json.array();
        ports.forEach(
                (label, value) -> list.add(Json.object("HostIP", node.address(), "Label", label, "Value", value)));
        return list;
    }
}
