// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.doc;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class SharingTest {
    private final Sharing sharing = new Sharing();

    private static ObjectNode job(String id, int cpu) throws Exception {
        var script = "print(1)\n".repeat(100);
        return (ObjectNode) Json.MAPPER.readTree("""
                {"ID": "%s", "Weight": 0.10, "Tasks": [{"Args": ["-c", "%s"], "Resources": {"CPU": %d, "Devices": null}}],
                 "Update": {"Stagger": 30000000000, "On": [true, {}, []]}}""".formatted(id, script.replace("\n", "\\n"), cpu));
    }

    @Test
    void givenDocumentsThatAreAlike_whenShared_thenTheirEqualPartsAreOneObjectAndNothingElseIs() throws Exception {
        var first = sharing.of(job("a", 100));
        var second = sharing.of(job("b", 100));
        var third = sharing.of(job("c", 200));

        assertThat(second).isEqualTo(job("b", 100)).isNotSameAs(first);
        assertThat(second.get("Tasks")).isSameAs(first.get("Tasks"));
        assertThat(third).isEqualTo(job("c", 200));
        assertThat(third.get("Update")).isSameAs(first.get("Update"));
        assertThat(third.at("/Tasks/0/Args/1")).isSameAs(first.at("/Tasks/0/Args/1"));
        assertThat(third.at("/Tasks/0/Resources/CPU").intValue()).isEqualTo(200);
        assertThat(Json.bytes(third)).as("in the order in which they came").isEqualTo(Json.bytes(job("c", 200)));
    }

    @Test
    void givenTheSameDocumentAgain_whenShared_thenItIsTheFirst() throws Exception {
        var first = sharing.of(job("a", 100));
        assertThat(sharing.of(job("a", 100))).isSameAs(first);
        assertThat(sharing.of(first)).isSameAs(first);
    }
}
