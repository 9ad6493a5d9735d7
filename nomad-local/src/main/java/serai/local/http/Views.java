// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.state.Alloc;
import serai.local.state.Evaluation;
import serai.local.state.Table;
import serai.local.state.Tables;

/** The shorter forms in which lists show things, and what is counted up from several. */
final class Views {
    private static final List<String> ALLOC_TEXTS = List.of(
            "ClientDescription",
            "ClientStatus",
            "DesiredDescription",
            "DesiredStatus",
            "EvalID",
            "FollowupEvalID",
            "ID",
            "JobID",
            "Name",
            "Namespace",
            "NextAllocation",
            "NodeID",
            "NodeName",
            "PreemptedByAllocation",
            "TaskGroup");
    private static final List<String> ALLOC_VALUES = List.of(
            "CreateIndex",
            "CreateTime",
            "ModifyIndex",
            "ModifyTime",
            "DeploymentStatus",
            "PreemptedAllocations",
            "RescheduleTracker");
    private static final List<String> JOB_STUB = List.of(
            "CreateIndex",
            "Datacenters",
            "ID",
            "JobModifyIndex",
            "ModifyIndex",
            "Multiregion",
            "Name",
            "Namespace",
            "NodePool",
            "ParentID",
            "Priority",
            "Status",
            "StatusDescription",
            "Stop",
            "SubmitTime",
            "Type");
    private static final List<String> NODE_STUB = List.of(
            "CreateIndex",
            "Datacenter",
            "Drain",
            "Drivers",
            "HostVolumes",
            "ID",
            "LastDrain",
            "ModifyIndex",
            "Name",
            "NodeClass",
            "NodePool",
            "SchedulingEligibility",
            "Status",
            "StatusDescription");
    private static final ObjectNode NO_TRANSITION = transition();

    private Views() {}

    private static ObjectNode transition() {
        NullNode none = NullNode.getInstance();
        return Json.object(
                "ForceReschedule",
                none,
                "Migrate",
                none,
                "MigrateDisablePlacement",
                none,
                "NoShutdownDelay",
                none,
                "Reschedule",
                none);
    }

    static ObjectNode alloc(Alloc alloc, boolean resources, boolean taskStates) {
        ObjectNode stub = Json.object();
        ALLOC_TEXTS.forEach(field -> stub.put(field, Json.text(alloc.doc(), field)));
        ALLOC_VALUES.forEach(field -> {
            if (alloc.doc().has(field)) {
                stub.set(field, alloc.doc().get(field));
            } else {
                stub.putNull(field);
            }
        });
        ObjectNode transition = Json.with(NO_TRANSITION);
        if (alloc.doc().path("DesiredTransition").isObject()) {
            transition.setAll((ObjectNode) alloc.doc().get("DesiredTransition"));
        }
        stub.set("DesiredTransition", transition);
        stub.put("JobType", alloc.job().type());
        stub.put("JobVersion", alloc.job().version());
        boolean shown = taskStates && alloc.taskStates().isObject();
        stub.set("TaskStates", shown ? alloc.taskStates() : NullNode.getInstance());
        if (resources) {
            stub.set("AllocatedResources", alloc.doc().get("AllocatedResources"));
        }
        return stub;
    }

    static ObjectNode job(Tables tables, Job job, boolean meta) {
        ObjectNode stub = pick(job.doc(), JOB_STUB);
        stub.put("ParameterizedJob", false);
        stub.put("Periodic", false);
        stub.set("JobSummary", summary(tables, job));
        if (meta) {
            stub.set("Meta", job.doc().path("Meta"));
        }
        return stub;
    }

    static ObjectNode node(ObjectNode node, boolean resources, boolean os) {
        ObjectNode stub = pick(node, NODE_STUB);
        stub.put("Address", "127.0.0.1");
        stub.put("Version", Json.at(node, "Attributes", "nomad.version").asText());
        if (resources) {
            stub.set("NodeResources", node.get("NodeResources"));
            stub.set("ReservedResources", node.get("ReservedResources"));
        }
        if (os) {
            stub.set(
                    "Attributes",
                    Json.object(
                            "os.name", Json.at(node, "Attributes", "os.name").asText()));
        }
        return stub;
    }

    private static ObjectNode pick(ObjectNode doc, List<String> fields) {
        ObjectNode stub = Json.object();
        fields.forEach(
                field -> stub.set(field, doc.path(field).isMissingNode() ? NullNode.getInstance() : doc.get(field)));
        return stub;
    }

    static ObjectNode summary(Tables tables, Job job) {
        List<Alloc> allocs = tables.allocs(job.namespace(), job.id()).toList();
        ObjectNode groups = Json.object();
        for (Job.Group group : job.groups()) {
            groups.set(
                    group.name(),
                    Json.object(
                            "Complete", count(allocs, group, "complete"),
                            "Failed", count(allocs, group, "failed"),
                            "Lost", count(allocs, group, "lost"),
                            "Queued", queued(tables, job, group),
                            "Running", count(allocs, group, "running"),
                            "Starting", count(allocs, group, "pending"),
                            "Unknown", 0));
        }
        return Json.object(
                "Children", Map.of("Dead", 0, "Pending", 0, "Running", 0),
                "CreateIndex", job.createIndex(),
                "JobID", job.id(),
                "ModifyIndex", lastChange(tables, job),
                "Namespace", job.namespace(),
                "Summary", groups);
    }

    private static long count(List<Alloc> allocs, Job.Group group, String status) {
        return allocs.stream()
                .filter(a -> a.group().equals(group.name()) && a.clientStatus().equals(status))
                .count();
    }

    private static long queued(Tables tables, Job job, Job.Group group) {
        return tables.evaluations(job.namespace(), job.id())
                .filter(Evaluation::blocked)
                .map(blocked -> Json.text(blocked.doc(), "PreviousEval"))
                .flatMap(id -> tables.evaluation(id).stream())
                .mapToLong(
                        e -> Json.at(e.doc(), "QueuedAllocations", group.name()).asLong())
                .sum();
    }

    /** The index of the last change of the job, its allocations or its evaluations. */
    static long lastChange(Tables tables, Job job) {
        long allocs = tables.allocs(job.namespace(), job.id())
                .mapToLong(Alloc::modifyIndex)
                .max()
                .orElse(0);
        long evaluations = tables.evaluations(job.namespace(), job.id())
                .mapToLong(Evaluation::modifyIndex)
                .max()
                .orElse(0);
        return Math.max(job.modifyIndex(), Math.max(allocs, evaluations));
    }

    static ObjectNode scaleStatus(Tables tables, Job job) {
        List<Alloc> wanted = tables.allocs(job.namespace(), job.id())
                .filter(a -> a.wanted() && !a.ended())
                .toList();
        Optional<ObjectNode> events = tables.get(Table.SCALING_EVENTS, Tables.jobKey(job.namespace(), job.id()));
        ObjectNode groups = Json.object();
        for (Job.Group group : job.groups()) {
            groups.set(
                    group.name(),
                    Json.object(
                            "Desired", group.count(),
                            "Events",
                                    events.map(e -> e.path(group.name()))
                                            .filter(e -> !e.isMissingNode())
                                            .<Object>map(e -> e)
                                            .orElse(NullNode.getInstance()),
                            "Healthy", 0,
                            "Placed",
                                    wanted.stream()
                                            .filter(a -> a.group().equals(group.name()))
                                            .count(),
                            "Running", count(wanted, group, "running"),
                            "Unhealthy", 0));
        }
        return Json.object(
                "JobCreateIndex", job.createIndex(),
                "JobID", job.id(),
                "JobModifyIndex", job.modifyIndex(),
                "JobStopped", job.stopped(),
                "Namespace", job.namespace(),
                "TaskGroups", groups);
    }
}
