// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import serai.local.doc.Json;

/** What changes from one version of a job to the next, in the form in which Nomad shows it with a plan. */
public final class JobDiff {
    private static final Set<String> JOB_HIDDEN = Set.of(
            "ID",
            "Status",
            "StatusDescription",
            "Version",
            "Stable",
            "CreateIndex",
            "ModifyIndex",
            "JobModifyIndex",
            "SubmitTime",
            "NomadTokenID",
            "TaskGroups");
    private static final Set<String> HIDDEN =
            Set.of("ID", "CreateIndex", "ModifyIndex", "Target", "Stagger", "CanonicalName");

    /** Of what a field holds, under which name it is shown; in this order. */
    private static final Map<String, String> OBJECTS = objects();

    private JobDiff() {}

    private static Map<String, String> objects() {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("Datacenters", "Datacenters");
        names.put("Constraints", "Constraint");
        names.put("Affinities", "Affinity");
        names.put("Spreads", "Spread");
        names.put("RestartPolicy", "RestartPolicy");
        names.put("Migrate", "Migrate");
        names.put("ReschedulePolicy", "ReschedulePolicy");
        names.put("EphemeralDisk", "EphemeralDisk");
        names.put("Update", "Update");
        names.put("Networks", "Network");
        names.put("ReservedPorts", "Static Port");
        names.put("DynamicPorts", "Dynamic Port");
        names.put("Config", "Config");
        names.put("Resources", "Resources");
        names.put("Devices", "Device");
        names.put("LogConfig", "LogConfig");
        names.put("Artifacts", "Artifact");
        names.put("Templates", "Template");
        names.put("Services", "Service");
        names.put("Scaling", "Scaling");
        names.put("Policy", "Policy");
        return names;
    }

    /** @param before empty for a job that is new */
    public static ObjectNode between(Optional<Job> before, Job after) {
        JsonNode old = before.<JsonNode>map(Job::doc).orElse(MissingNode.getInstance());
        List<ObjectNode> groups = new ArrayList<>();
        for (String name : names(old.path("TaskGroups"), after.doc().path("TaskGroups"))) {
            groups.add(
                    group(named(old.path("TaskGroups"), name), named(after.doc().path("TaskGroups"), name), name));
        }
        ArrayNode fields = fields(old, after.doc(), JOB_HIDDEN, false);
        ArrayNode objects = objects(old, after.doc(), Set.of("Update"));
        boolean same = fields.isEmpty() && objects.isEmpty() && groups.stream().allMatch(JobDiff::isNone);
        return Json.object(
                "Fields", orNull(fields),
                "ID", after.id(),
                "Objects", orNull(objects),
                "TaskGroups", groups.isEmpty() ? NullNode.getInstance() : groups,
                "Type", before.isEmpty() ? "Added" : same ? "None" : "Edited");
    }

    private static ObjectNode group(JsonNode old, JsonNode next, String name) {
        List<ObjectNode> tasks = new ArrayList<>();
        for (String task : names(old.path("Tasks"), next.path("Tasks"))) {
            tasks.add(task(named(old.path("Tasks"), task), named(next.path("Tasks"), task), task));
        }
        ArrayNode fields = fields(old, next, Set.of("Name", "Tasks"), false);
        ArrayNode objects = objects(old, next, Set.of());
        boolean same = fields.isEmpty() && objects.isEmpty() && tasks.stream().allMatch(JobDiff::isNone);
        for (JsonNode field : fields) {
            annotateCount((ObjectNode) field);
        }
        return Json.object(
                "Fields", orNull(fields),
                "Name", name,
                "Objects", orNull(objects),
                "Tasks", tasks.isEmpty() ? NullNode.getInstance() : tasks,
                "Type", type(old, next, same),
                "Updates", NullNode.getInstance());
    }

    private static void annotateCount(ObjectNode field) {
        if (Json.text(field, "Name").equals("Count")) {
            String old = Json.text(field, "Old");
            String next = Json.text(field, "New");
            boolean more = old.isEmpty() || (!next.isEmpty() && Long.parseLong(old) < Long.parseLong(next));
            field.set("Annotations", Json.array().add(more ? "forces create" : "forces destroy"));
        }
    }

    private static ObjectNode task(JsonNode old, JsonNode next, String name) {
        ArrayNode fields = fields(old, next, Set.of("Name"), false);
        ArrayNode objects = objects(old, next, Set.of("RestartPolicy"));
        String type = type(old, next, fields.isEmpty() && objects.isEmpty());
        String annotation = switch (type) {
            case "None" -> "";
            case "Added" -> "forces create";
            case "Deleted" -> "forces destroy";
            default -> destructive(fields, objects) ? "forces create/destroy update" : "forces in-place update";
        };
        return Json.object(
                "Annotations",
                annotation.isEmpty() ? NullNode.getInstance() : List.of(annotation),
                "Fields",
                orNull(fields),
                "Name",
                name,
                "Objects",
                orNull(objects),
                "Type",
                type);
    }

    private static boolean destructive(ArrayNode fields, ArrayNode objects) {
        return Json.each(fields).anyMatch(f -> !Json.text(f, "Name").equals("KillTimeout"))
                || Json.each(objects)
                        .anyMatch(o -> !Set.of("Service", "Constraint", "Affinity", "Spread", "LogConfig")
                                .contains(Json.text(o, "Name")));
    }

    private static boolean isNone(ObjectNode diff) {
        return Json.text(diff, "Type").equals("None");
    }

    private static String type(JsonNode old, JsonNode next, boolean same) {
        return old.isMissingNode() ? "Added" : next.isMissingNode() ? "Deleted" : same ? "None" : "Edited";
    }

    private static Set<String> names(JsonNode old, JsonNode next) {
        Set<String> names = new TreeSet<>();
        Json.each(old).forEach(item -> names.add(Json.text(item, "Name")));
        Json.each(next).forEach(item -> names.add(Json.text(item, "Name")));
        return names;
    }

    private static JsonNode named(JsonNode list, String name) {
        return Json.each(list)
                .filter(item -> Json.text(item, "Name").equals(name))
                .findFirst()
                .orElse(MissingNode.getInstance());
    }

    private static JsonNode orNull(ArrayNode list) {
        return list.isEmpty() ? NullNode.getInstance() : list;
    }

    private static ArrayNode objects(JsonNode old, JsonNode next, Set<String> hidden) {
        ArrayNode objects = Json.array();
        OBJECTS.forEach((field, name) -> {
            JsonNode a = present(old.path(field));
            JsonNode b = present(next.path(field));
            if (!hidden.contains(field) && !(a.isMissingNode() && b.isMissingNode())) {
                if (a.isArray() || b.isArray()) {
                    objects.addAll(set(a, b, name));
                } else {
                    object(a, b, name).ifPresent(objects::add);
                }
            }
        });
        return objects;
    }

    private static JsonNode present(JsonNode node) {
        return node.isNull() ? MissingNode.getInstance() : node;
    }

    private static Optional<ObjectNode> object(JsonNode old, JsonNode next, String name) {
        ArrayNode fields = fields(old, next, HIDDEN, true);
        ArrayNode nested = objects(old, next, Set.of());
        boolean changed = Json.each(fields).anyMatch(f -> !Json.text(f, "Type").equals("None")) || !nested.isEmpty();
        // a scaling block is compared with the indexes that a stored one has, and shown without them
        boolean edited = name.equals("Scaling") && !Json.same(old.path("CreateIndex"), next.path("CreateIndex"));
        if (!changed && !edited && old.isMissingNode() == next.isMissingNode()) {
            return Optional.empty();
        }
        return Optional.of(Json.object(
                "Fields",
                changed ? orNull(fields) : NullNode.getInstance(),
                "Name",
                name,
                "Objects",
                orNull(nested),
                "Type",
                type(old, next, false)));
    }

    /** Of a list in which the order means nothing: what is new and what is gone. */
    private static ArrayNode set(JsonNode old, JsonNode next, String name) {
        ArrayNode changes = Json.array();
        if (Json.each(old).anyMatch(JsonNode::isTextual) || Json.each(next).anyMatch(JsonNode::isTextual)) {
            ArrayNode fields = Json.array();
            only(old, next).forEach(item -> fields.add(field(name, item.asText(), "")));
            only(next, old).forEach(item -> fields.add(field(name, "", item.asText())));
            if (!fields.isEmpty()) {
                changes.add(Json.object(
                        "Fields",
                        fields,
                        "Name",
                        name,
                        "Objects",
                        NullNode.getInstance(),
                        "Type",
                        old.isEmpty() ? "Added" : next.isEmpty() ? "Deleted" : "Edited"));
            }
            return changes;
        }
        only(old, next)
                .forEach(item -> object(item, MissingNode.getInstance(), name).ifPresent(changes::add));
        only(next, old)
                .forEach(item -> object(MissingNode.getInstance(), item, name).ifPresent(changes::add));
        return changes;
    }

    private static List<JsonNode> only(JsonNode here, JsonNode there) {
        return Json.each(here)
                .filter(item -> Json.each(there).noneMatch(other -> Json.same(item, other)))
                .toList();
    }

    /** @param contextual the unchanged ones as well */
    private static ArrayNode fields(JsonNode old, JsonNode next, Set<String> hidden, boolean contextual) {
        Map<String, String[]> values = new TreeMap<>();
        flatten(old, hidden).forEach((name, value) -> values.put(name, new String[] {value, ""}));
        flatten(next, hidden)
                .forEach((name, value) -> values.computeIfAbsent(name, n -> new String[] {"", ""})[1] = value);
        ArrayNode fields = Json.array();
        values.forEach((name, pair) -> {
            if (contextual || !pair[0].equals(pair[1])) {
                fields.add(field(name, pair[0], pair[1]));
            }
        });
        return fields;
    }

    private static ObjectNode field(String name, String old, String next) {
        return Json.object(
                "Annotations", NullNode.getInstance(),
                "Name", name,
                "New", next,
                "Old", old,
                "Type", old.equals(next) ? "None" : old.isEmpty() ? "Added" : next.isEmpty() ? "Deleted" : "Edited");
    }

    private static Map<String, String> flatten(JsonNode doc, Set<String> hidden) {
        Map<String, String> flat = new LinkedHashMap<>();
        doc.properties().forEach(entry -> {
            if (!hidden.contains(entry.getKey()) && !OBJECTS.containsKey(entry.getKey())) {
                flatten(entry.getKey(), entry.getValue(), flat);
            }
        });
        return flat;
    }

    private static void flatten(String name, JsonNode value, Map<String, String> flat) {
        if (value.isObject()) {
            value.properties().forEach(e -> flatten(name + "[" + e.getKey() + "]", e.getValue(), flat));
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                flatten(name + "[" + i + "]", value.get(i), flat);
            }
        } else if (!value.isNull()) {
            flat.put(name, value.asText());
        }
    }
}
