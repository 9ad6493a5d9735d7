// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import serai.local.doc.Json;

/** The devices of one model on a node. */
record DeviceGroup(JsonNode doc) {
    String vendor() {
        return Json.text(doc, "Vendor");
    }

    String type() {
        return Json.text(doc, "Type");
    }

    String name() {
        return Json.text(doc, "Name");
    }

    List<String> healthy() {
        List<String> ids = new ArrayList<>();
        for (JsonNode instance : doc.path("Instances")) {
            if (Json.flag(instance, "Healthy")) {
                ids.add(Json.text(instance, "ID"));
            }
        }
        return ids;
    }

    private Set<String> ids() {
        Set<String> ids = new HashSet<>();
        doc.path("Instances").forEach(instance -> ids.add(Json.text(instance, "ID")));
        return ids;
    }

    /** @param name {@code type}, {@code vendor/type} or {@code vendor/type/name}; the last may hold slashes */
    boolean is(String name) {
        String[] parts = name.split("/", 3);
        return switch (parts.length) {
            case 1 -> parts[0].equals(type());
            case 2 -> parts[0].equals(vendor()) && parts[1].equals(type());
            default -> parts[0].equals(vendor()) && parts[1].equals(type()) && parts[2].equals(name());
        };
    }

    boolean meets(Constraint constraint) {
        if (constraint.isOnDeviceIds()) {
            return ids().containsAll(constraint.rightSet());
        }
        Optional<Quantity> left = resolve(constraint.left());
        Optional<Quantity> right = resolve(constraint.right());
        return constraint.compares(left, right);
    }

    private Optional<Quantity> resolve(String target) {
        return switch (target) {
            case "${device.model}" -> Optional.of(new Quantity.Text(name()));
            case "${device.vendor}" -> Optional.of(new Quantity.Text(vendor()));
            case "${device.type}" -> Optional.of(new Quantity.Text(type()));
            default ->
                target.startsWith("${device.attr.") && target.endsWith("}")
                        ? attribute(target.substring("${device.attr.".length(), target.length() - 1))
                        : target.startsWith("${") ? Optional.empty() : Optional.of(Quantity.parse(target));
        };
    }

    private Optional<Quantity> attribute(String name) {
        JsonNode value = Json.at(doc, "Attributes", name);
        return value.isObject() ? Optional.of(Quantity.of(value)) : Optional.empty();
    }
}
