// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import serai.local.doc.Json;

/** What nvidia-smi says, in the words of NVIDIA's plugin for Nomad. */
class NvidiaTest {
    private static final String SAID = """
            GPU-11111111-aaaa-4aaa-8aaa-000000000001, NVIDIA H100 80GB HBM3, 00000000:01:00.0, 81559, 550.90.07, 700.00, 2619, 1980, Enabled
            GPU-11111111-aaaa-4aaa-8aaa-000000000002, NVIDIA H100 80GB HBM3, 00000000:02:00.0, 81559, 550.90.07, 700.00, 2619, 1980, Enabled
            GPU-22222222-bbbb-4bbb-8bbb-000000000001, Tesla T4, 00000000:03:00.0, 15109, 550.90.07, [N/A], 5001, 1590, Disabled
            """;

    @Test
    void givenThreeDevices_whenParsed_thenThereIsAGroupForEachModel() {
        var groups = Nvidia.parse(SAID);
        assertThat(groups).extracting(Group::name).containsExactly("NVIDIA H100 80GB HBM3", "Tesla T4");
        assertThat(groups.getFirst().instances())
                .extracting(Group.Instance::id)
                .containsExactly(
                        "GPU-11111111-aaaa-4aaa-8aaa-000000000001", "GPU-11111111-aaaa-4aaa-8aaa-000000000002");
        assertThat(groups.getFirst().isNvidia()).isTrue();
    }

    @Test
    void givenFigures_whenShown_thenTheyHaveTheUnitsThatRequestsCompareWith() {
        var h100 = Nvidia.parse(SAID).getFirst().doc();
        assertThat(h100.at("/Attributes/memory"))
                .isEqualTo(Json.MAPPER.valueToTree(
                        serai.local.plan.Quantity.parse("81559 MiB").doc()));
        assertThat(h100.at("/Attributes/power/Int").asInt()).isEqualTo(700);
        assertThat(h100.at("/Attributes/power/Unit").asText()).isEqualTo("W");
        assertThat(h100.at("/Attributes/driver_version/String").asText()).isEqualTo("550.90.07");
        assertThat(h100.at("/Instances/1/Locality/PciBusID").asText()).isEqualTo("00000000:02:00.0");
    }

    @Test
    void givenAFigureThatTheCardDoesNotKnow_whenParsed_thenItIsLeftOut() {
        assertThat(Nvidia.parse(SAID).getLast().attributes())
                .doesNotContainKey("power")
                .containsKey("memory");
    }

    @Test
    void givenSomethingElse_whenParsed_thenItIsNotTakenForADevice() {
        assertThatThrownBy(() -> Nvidia.parse("No devices were found"))
                .hasMessage("nvidia-smi said 'No devices were found'");
    }
}
