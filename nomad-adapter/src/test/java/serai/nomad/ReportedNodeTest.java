// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.cluster.Node;

class ReportedNodeTest {
    private static final String STUB = """
            {"ID": "e3db", "Name": "n1", "Status": "ready", "SchedulingEligibility": "%s", "Drain": %s,
             "Datacenter": "dc1", "NodePool": "gpu", "Version": "2.0.6",
             "NodeResources": {"Cpu": {"CpuShares": 5192, "TotalCpuCores": 2}, "Memory": {"MemoryMB": 24105},
                "Disk": {"DiskMB": 258019}, "Devices": %s}}""";

    private static final String DEVICES = """
            [{"Vendor": "nvidia", "Type": "gpu", "Name": "A100", "Instances": [
                {"ID": "a", "Healthy": true}, {"ID": "b", "Healthy": false}]}]""";

    @Test
    void givenANode_thenItsResourcesAndDevicesAreThere() throws IOException {
        assertThat(node("eligible", false, DEVICES))
                .isEqualTo(new Node(
                        "e3db",
                        "n1",
                        "ready",
                        true,
                        "dc1",
                        "gpu",
                        "2.0.6",
                        2,
                        5192,
                        24105,
                        258019,
                        List.of(new Node.Device("nvidia", "gpu", "A100", 2, 1)),
                        "page"));
    }

    @Test
    void givenANodeThatDrainsOrTakesNothing_thenItIsNotEligible() throws IOException {
        assertThat(node("ineligible", false, "null").eligible()).isFalse();
        assertThat(node("eligible", true, "null").eligible()).isFalse();
        assertThat(node("eligible", false, "null").devices()).isEmpty();
    }

    private static Node node(String eligibility, boolean drains, String devices) throws IOException {
        return new ReportedNode(new ObjectMapper().readTree(STUB.formatted(eligibility, drains, devices)))
                .toNode("page");
    }
}
