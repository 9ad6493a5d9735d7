// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serai.local.doc.Json;
import serai.local.job.Job;

/**
 * Hands out devices. One request is served by one group, and only by healthy devices that nobody has.
 *
 * @param used ids of what everything that has not ended holds
 */
public record Devices(Node node, Set<String> used) {
    static final String MISSING = "missing devices";
    private static final String TAKEN = "devices: no devices match request";
    private static final String ZERO = "devices: invalid request of zero devices";

    /** What became of a group's requests. */
    sealed interface Answer {
        /** @param byTask as allocations show it; a task without devices is not in it */
        record Given(Map<String, ArrayNode> byTask) implements Answer {}

        /** @param dimension in Nomad's words */
        record Short(String dimension) implements Answer {}
    }

    /** @return whether the node has, free or not, what each task asks for */
    boolean areThere(Job.Group group) {
        return group.tasks().stream()
                .flatMap(task -> Json.each(requests(task)))
                .allMatch(request -> matching(request).stream()
                        .anyMatch(g -> !eligible(g, request).isEmpty()));
    }

    Answer give(Job.Group group) {
        Set<String> taken = new HashSet<>(used);
        Map<String, ArrayNode> byTask = new LinkedHashMap<>();
        for (Job.Task task : group.tasks()) {
            for (JsonNode request : requests(task)) {
                int count = request.path("Count").asInt();
                if (count == 0) {
                    return new Answer.Short(ZERO);
                }
                Optional<ObjectNode> given = give(request, count, taken);
                if (given.isEmpty()) {
                    return new Answer.Short(TAKEN);
                }
                byTask.computeIfAbsent(task.name(), t -> Json.array()).add(given.get());
            }
        }
        return new Answer.Given(byTask);
    }

    private Optional<ObjectNode> give(JsonNode request, int count, Set<String> taken) {
        return matching(request).stream()
                .filter(group -> free(group, request, taken).size() >= count)
                .max(Comparator.comparingDouble(group -> score(group, request)))
                .map(group -> {
                    List<String> ids = free(group, request, taken).subList(0, count);
                    taken.addAll(ids);
                    return Json.object(
                            "DeviceIDs", ids, "Name", group.name(), "Type", group.type(), "Vendor", group.vendor());
                });
    }

    private List<DeviceGroup> matching(JsonNode request) {
        List<DeviceGroup> matching = new ArrayList<>();
        for (JsonNode doc : Json.at(node.doc(), "NodeResources", "Devices")) {
            DeviceGroup group = new DeviceGroup(doc);
            if (group.is(Json.text(request, "Name"))
                    && Json.each(request.path("Constraints"))
                            .map(Constraint::of)
                            .allMatch(group::meets)) {
                matching.add(group);
            }
        }
        return matching;
    }

    private static List<String> free(DeviceGroup group, JsonNode request, Set<String> taken) {
        return eligible(group, request).stream()
                .filter(id -> !taken.contains(id))
                .toList();
    }

    /** A constraint on ids is one on single devices. */
    private static List<String> eligible(DeviceGroup group, JsonNode request) {
        List<Set<String>> wanted = Json.each(request.path("Constraints"))
                .map(Constraint::of)
                .filter(Constraint::isOnDeviceIds)
                .map(Constraint::rightSet)
                .toList();
        return group.healthy().stream()
                .filter(id -> wanted.stream().allMatch(set -> set.contains(id)))
                .toList();
    }

    /** @return from -1 to 1: the weight of the affinities that hold, of all weight that there is */
    private static double score(DeviceGroup group, JsonNode request) {
        double score = 0;
        double whole = 0;
        for (JsonNode affinity : request.path("Affinities")) {
            double weight = affinity.path("Weight").asDouble(50);
            whole += Math.abs(weight);
            score += group.meets(Constraint.of(affinity)) ? weight : 0;
        }
        return whole == 0 ? 0 : score / whole;
    }

    private static JsonNode requests(Job.Task task) {
        return Json.at(task.doc(), "Resources", "Devices");
    }

    /** The ids that an allocation holds. */
    public static List<String> heldBy(JsonNode allocation) {
        List<String> ids = new ArrayList<>();
        for (JsonNode task : Json.at(allocation, "AllocatedResources", "Tasks")) {
            for (JsonNode device : task.path("Devices")) {
                device.path("DeviceIDs").forEach(id -> ids.add(id.asText()));
            }
        }
        return ids;
    }
}
