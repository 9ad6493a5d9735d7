// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import serai.local.doc.Json;

/** The node as the scheduler sees it: the document of the API, with names for what it decides by. */
public record Node(ObjectNode doc) {
    public String id() {
        return Json.text(doc, "ID");
    }

    public String name() {
        return Json.text(doc, "Name");
    }

    public String datacenter() {
        return Json.text(doc, "Datacenter");
    }

    public String pool() {
        return Json.text(doc, "NodePool");
    }

    public boolean eligible() {
        return Json.text(doc, "SchedulingEligibility").equals("eligible");
    }

    public String address() {
        return "127.0.0.1";
    }

    public Capacity capacity() {
        return new Capacity(
                Json.at(doc, "NodeResources", "Cpu", "CpuShares").asLong(),
                Json.at(doc, "NodeResources", "Memory", "MemoryMB").asLong(),
                Json.at(doc, "NodeResources", "Disk", "DiskMB").asLong());
    }

    public boolean hasDriver(String driver) {
        return Json.at(doc, "Drivers", driver, "Healthy").asBoolean();
    }

    /** The value of {@code attr.x}, {@code meta.x} or {@code node.x}. */
    public Optional<String> property(String path) {
        int dot = path.indexOf('.');
        if (dot < 0) {
            return Optional.empty();
        }
        String key = path.substring(dot + 1);
        return switch (path.substring(0, dot)) {
            case "attr" -> value("Attributes", key);
            case "meta" -> value("Meta", key);
            case "node" -> own(key);
            default -> Optional.empty();
        };
    }

    private Optional<String> own(String key) {
        if (key.equals("region")) {
            return Optional.of("global");
        }
        var fields = Map.of(
                "unique.id",
                "ID",
                "unique.name",
                "Name",
                "datacenter",
                "Datacenter",
                "class",
                "NodeClass",
                "pool",
                "NodePool");
        return Optional.ofNullable(fields.get(key)).map(field -> Json.text(doc, field));
    }

    private Optional<String> value(String map, String key) {
        var value = Json.at(doc, map, key);
        return value.isTextual() ? Optional.of(value.textValue()) : Optional.empty();
    }
}
