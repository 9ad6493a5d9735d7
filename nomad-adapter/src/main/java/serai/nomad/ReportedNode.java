// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import serai.cluster.Node;

/** An entry of {@code /v1/nodes?resources=true}, which the SDK has no fields for. Pure. */
public record ReportedNode(JsonNode stub) {
    public String id() {
        return stub.path("ID").asText();
    }

    Node toNode(String page) {
        var resources = stub.path("NodeResources");
        return new Node(
                stub.path("ID").asText(),
                stub.path("Name").asText(),
                stub.path("Status").asText(),
                stub.path("SchedulingEligibility").asText().equals("eligible")
                        && !stub.path("Drain").asBoolean(),
                stub.path("Datacenter").asText(),
                stub.path("NodePool").asText(),
                stub.path("Version").asText(),
                resources.path("Cpu").path("TotalCpuCores").asInt(),
                resources.path("Cpu").path("CpuShares").asInt(),
                resources.path("Memory").path("MemoryMB").asInt(),
                resources.path("Disk").path("DiskMB").asInt(),
                devices(resources.path("Devices")),
                page);
    }

    private static List<Node.Device> devices(JsonNode groups) {
        var devices = new ArrayList<Node.Device>();
        for (var group : groups) { // null where there are none, which has no elements
            int healthy = 0;
            for (var instance : group.path("Instances")) {
                healthy += instance.path("Healthy").asBoolean() ? 1 : 0;
            }
            devices.add(new Node.Device(
                    group.path("Vendor").asText(),
                    group.path("Type").asText(),
                    group.path("Name").asText(),
                    group.path("Instances").size(),
                    healthy));
        }
        return devices;
    }
}
