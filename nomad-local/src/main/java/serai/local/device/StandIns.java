// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.device;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import serai.local.doc.Json;
import serai.local.plan.Quantity;

/**
 * Reads declared devices, in short, {@code 2*nvidia/gpu/NVIDIA H100 80GB HBM3[memory=81559 MiB];...}, or as JSON: a list of
 * {@code {"vendor", "type", "name", "count", "attributes": {"memory": "81559 MiB"}, "instances": [{"id", "unhealthy",
 * "node"}]}} of which count and instances are alternatives.
 */
final class StandIns {
    /** What one machine may pretend to have of a model. */
    private static final int MOST = 64;

    private static final Pattern SHORT =
            Pattern.compile("(?:(\\d+)\\*)?([^/*\\[\\]]+)/([^/\\[\\]]+)/([^\\[\\]]+)(?:\\[([^\\]]*)\\])?");

    private StandIns() {}

    /** @throws IllegalArgumentException naming what cannot be read */
    static List<Group> parse(String text) {
        List<Group> groups = new ArrayList<>();
        int bus = 1;
        if (text.strip().startsWith("[")) {
            for (JsonNode doc : json(text)) {
                groups.add(group(doc, bus));
                bus += groups.getLast().instances().size();
            }
        } else {
            for (String part : text.split(";", -1)) {
                if (!part.isBlank()) {
                    groups.add(group(part.strip(), bus));
                    bus += groups.getLast().instances().size();
                }
            }
        }
        return List.copyOf(groups);
    }

    private static JsonNode json(String text) {
        try {
            return Json.MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("devices: " + e.getOriginalMessage(), e);
        }
    }

    private static Group group(String text, int bus) {
        var words = SHORT.matcher(text);
        if (!words.matches()) {
            throw new IllegalArgumentException(
                    "devices: '%s' is not of the form COUNT*VENDOR/TYPE/NAME[ATTRIBUTE=VALUE,...]".formatted(text));
        }
        Map<String, Quantity> attributes = new LinkedHashMap<>();
        if (words.group(5) != null) {
            for (String pair : words.group(5).split(",", -1)) {
                int equals = pair.indexOf('=');
                if (equals < 1) {
                    throw new IllegalArgumentException("devices: attribute '%s' has no value".formatted(pair));
                }
                attributes.put(
                        pair.substring(0, equals).strip(),
                        Quantity.parse(pair.substring(equals + 1).strip()));
            }
        }
        int count = words.group(1) == null ? 1 : Integer.parseInt(words.group(1), 10);
        return group(words.group(2), words.group(3), words.group(4).strip(), attributes, count, bus);
    }

    private static Group group(JsonNode doc, int bus) {
        String name = needed(doc, "name");
        Map<String, Quantity> attributes = new LinkedHashMap<>();
        doc.path("attributes").properties().forEach(a -> attributes.put(a.getKey(), attribute(a.getValue())));
        JsonNode listed = doc.path("instances");
        if (!listed.isArray()) {
            return group(
                    needed(doc, "vendor"),
                    needed(doc, "type"),
                    name,
                    attributes,
                    doc.path("count").asInt(1),
                    bus);
        }
        List<Group.Instance> instances = new ArrayList<>();
        for (JsonNode instance : listed) {
            String address = address(needed(doc, "type"), bus + instances.size());
            instances.add(new Group.Instance(
                    needed(instance, "id"), text(instance, "unhealthy"), address, text(instance, "node")));
        }
        return new Group(needed(doc, "vendor"), needed(doc, "type"), name, attributes, instances);
    }

    private static Quantity attribute(JsonNode value) {
        return Quantity.parse(value.asText());
    }

    private static Group group(
            String vendor, String type, String name, Map<String, Quantity> attributes, int count, int bus) {
        if (count < 1 || count > MOST) {
            throw new IllegalArgumentException(
                    "devices: %d of '%s', must be from 1 to %d".formatted(count, name, MOST));
        }
        List<Group.Instance> instances = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String seed = "%s/%s/%s/%d".formatted(vendor, type, name, bus + i);
            instances.add(new Group.Instance(
                    "GPU-" + UUID.nameUUIDFromBytes(seed.getBytes(StandardCharsets.UTF_8)),
                    Optional.empty(),
                    address(type, bus + i),
                    Optional.empty()));
        }
        return new Group(vendor, type, name, attributes, instances);
    }

    private static String address(String type, int bus) {
        return type.equals("gpu") ? "00000000:%02X:00.0".formatted(bus) : "";
    }

    private static String needed(JsonNode doc, String field) {
        return text(doc, field)
                .orElseThrow(
                        () -> new IllegalArgumentException("devices: '%s' is missing in %s".formatted(field, doc)));
    }

    private static Optional<String> text(JsonNode doc, String field) {
        return Optional.of(Json.text(doc, field)).filter(value -> !value.isBlank());
    }
}
