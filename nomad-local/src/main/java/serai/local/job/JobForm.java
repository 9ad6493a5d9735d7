// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.Set;
import serai.local.doc.Json;

/** Turns what was sent into the job as Nomad stores it: spelling, defaults, derived fields. */
public final class JobForm {
    private static final long SECOND = 1_000_000_000L;
    private static final long MINUTE = 60 * SECOND;
    private static final long HOUR = 60 * MINUTE;

    private JobForm() {}

    /**
     * A registration as it was sent.
     *
     * @param job with all defaults; empty when the body has none
     */
    public record Request(Optional<Job> job, boolean enforceIndex, long jobModifyIndex, boolean preserveCounts) {}

    /** @throws serai.local.doc.MistypedException when a field has the wrong type */
    public static Request request(JsonNode body) {
        ObjectNode request = JobShape.REQUEST.conform(body);
        JsonNode job = request.path("Job");
        return new Request(
                job.isObject() ? Optional.of(new Job(complete((ObjectNode) job))) : Optional.empty(),
                Json.flag(request, "EnforceIndex"),
                Json.number(request, "JobModifyIndex"),
                Json.flag(request, "PreserveCounts"));
    }

    private static ObjectNode complete(ObjectNode given) {
        boolean batch = Set.of("batch", "sysbatch").contains(Json.text(given, "Type"));
        ObjectNode job = Json.with(given);
        if (Json.text(job, "Name").isEmpty()) {
            job.put("Name", Json.text(job, "ID"));
        }
        if (Json.number(job, "Priority") == 0) {
            job.put("Priority", 50);
        }
        JsonNode update = job.path("Update");
        if (job.path("TaskGroups").isArray()) {
            ArrayNode groups = Json.array();
            job.path("TaskGroups").forEach(g -> groups.add(group((ObjectNode) g, update, batch)));
            job.set("TaskGroups", groups);
        }
        job.set("Update", over(jobUpdate(batch), update));
        emptyToNull(job, "Constraints", "Meta");
        return job;
    }

    private static ObjectNode group(ObjectNode given, JsonNode jobUpdate, boolean batch) {
        ObjectNode group = Json.with(given);
        group.set("RestartPolicy", over(restart(batch), given.path("RestartPolicy")));
        group.set("ReschedulePolicy", over(reschedule(batch), given.path("ReschedulePolicy")));
        if (batch) {
            group.set("Update", NullNode.getInstance());
        } else {
            group.set("Update", over(over(groupUpdate(), jobUpdate), given.path("Update")));
            group.set("Migrate", over(migrate(), given.path("Migrate")));
        }
        if (!group.has("Count")) {
            JsonNode min = Json.at(given, "Scaling", "Min");
            group.put("Count", min.isNumber() ? min.asInt() : 1);
        }
        if (given.path("Scaling").isObject() && !given.path("Scaling").has("Min")) {
            group.set("Scaling", Json.with((ObjectNode) given.path("Scaling"), "Min", group.path("Count")));
        }
        ArrayNode constraints = Json.array()
                .addAll((ArrayNode) (given.path("Constraints").isArray() ? given.path("Constraints") : Json.array()));
        ArrayNode tasks = Json.array();
        given.path("Tasks").forEach(task -> {
            tasks.add(Json.with(
                    (ObjectNode) task,
                    "RestartPolicy",
                    over((ObjectNode) group.path("RestartPolicy"), task.path("RestartPolicy"))));
            String signal = Json.text(task, "KillSignal");
            if (!signal.isEmpty()) {
                addOnce(constraints, signalConstraint(signal));
            }
        });
        if (!tasks.isEmpty()) {
            group.set("Tasks", tasks);
        }
        group.set("Constraints", constraints.isEmpty() ? NullNode.getInstance() : constraints);
        emptyToNull(group, "Meta", "Networks");
        return group;
    }

    private static void addOnce(ArrayNode list, ObjectNode item) {
        if (Json.each(list).noneMatch(item::equals)) {
            list.add(item);
        }
    }

    /** Nomad adds it by itself, so that such a task is placed on nodes that can send the signal. */
    private static ObjectNode signalConstraint(String signal) {
        return Json.object("LTarget", "${attr.os.signals}", "Operand", "set_contains", "RTarget", signal);
    }

    private static void emptyToNull(ObjectNode doc, String... fields) {
        for (String field : fields) {
            if (doc.path(field).isEmpty()) {
                doc.set(field, NullNode.getInstance());
            }
        }
    }

    private static ObjectNode over(ObjectNode defaults, JsonNode given) {
        ObjectNode merged = Json.with(defaults);
        if (given.isObject()) {
            merged.setAll((ObjectNode) given);
        }
        return merged;
    }

    private static ObjectNode restart(boolean batch) {
        return Json.object(
                "Attempts",
                batch ? 3 : 2,
                "Delay",
                15 * SECOND,
                "Interval",
                batch ? 24 * HOUR : 30 * MINUTE,
                "Mode",
                "fail",
                "RenderTemplates",
                false);
    }

    private static ObjectNode reschedule(boolean batch) {
        return Json.object(
                "Attempts", batch ? 1 : 0,
                "Delay", batch ? 5 * SECOND : 30 * SECOND,
                "DelayFunction", batch ? "constant" : "exponential",
                "Interval", batch ? 24 * HOUR : 0,
                "MaxDelay", batch ? 0 : HOUR,
                "Unlimited", !batch);
    }

    private static ObjectNode jobUpdate(boolean batch) {
        return Json.object(
                "AutoPromote",
                false,
                "AutoRevert",
                false,
                "Canary",
                0,
                "HealthCheck",
                "",
                "HealthyDeadline",
                0,
                "MaxParallel",
                batch ? 0 : 1,
                "MinHealthyTime",
                0,
                "ProgressDeadline",
                0,
                "Stagger",
                batch ? 0 : 30 * SECOND);
    }

    private static ObjectNode groupUpdate() {
        return Json.object(
                "AutoPromote",
                false,
                "AutoRevert",
                false,
                "Canary",
                0,
                "HealthCheck",
                "checks",
                "HealthyDeadline",
                5 * MINUTE,
                "MaxParallel",
                1,
                "MinHealthyTime",
                10 * SECOND,
                "ProgressDeadline",
                10 * MINUTE,
                "Stagger",
                30 * SECOND);
    }

    private static ObjectNode migrate() {
        return Json.object(
                "HealthCheck",
                "checks",
                "HealthyDeadline",
                5 * MINUTE,
                "MaxParallel",
                1,
                "MinHealthyTime",
                10 * SECOND);
    }
}
