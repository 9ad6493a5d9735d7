// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.device;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.local.doc.Json;
import serai.local.plan.Quantity;

/** Devices of one model. */
record Group(String vendor, String type, String name, Map<String, Quantity> attributes, List<Instance> instances) {

    /**
     * One device.
     *
     * @param trouble why it must not be used; empty while it is healthy
     * @param bus its address on the PCI bus; empty if it has none
     * @param node the file that stands in for its device node; empty for one that is made
     */
    record Instance(String id, Optional<String> trouble, String bus, Optional<String> node) {}

    boolean isNvidia() {
        return vendor.equals("nvidia") && type.equals("gpu");
    }

    /** As a node shows it. */
    ObjectNode doc() {
        ObjectNode known = Json.object();
        attributes.forEach((key, value) -> known.set(key, value.doc()));
        ArrayNode list = Json.array();
        for (Instance instance : instances) {
            ObjectNode doc = Json.object(
                    "HealthDescription", instance.trouble().orElse(""),
                    "Healthy", instance.trouble().isEmpty(),
                    "ID", instance.id());
            if (instance.bus().isEmpty()) {
                doc.putNull("Locality");
            } else {
                doc.set("Locality", Json.object("PciBusID", instance.bus()));
            }
            list.add(doc);
        }
        return Json.object("Attributes", known, "Instances", list, "Name", name, "Type", type, "Vendor", vendor);
    }
}
