// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import org.junit.jupiter.api.Test;
import serai.local.control.RefusedException;
import serai.local.doc.Json;

class FilterTest {
    @Test
    void givenOneComparison_whenAsked_thenItAcceptsWhatFits() {
        var pool = Json.object("JobID", "po-1", "ClientStatus", "running");

        assertThat(Filter.parse("JobID matches \"^po-\"").accepts(pool)).isTrue();
        assertThat(Filter.parse("JobID not matches \"^po-\"").accepts(pool)).isFalse();
        assertThat(Filter.parse("ClientStatus == \"running\"").accepts(pool)).isTrue();
        assertThat(Filter.parse("ClientStatus != \"running\"").accepts(pool)).isFalse();
        assertThat(Filter.parse("JobID matches \"^other\"").accepts(pool)).isFalse();
    }

    @Test
    void givenSeveralComparisons_whenJoined_thenAndBindsTighterThanOrAndNotTightest() {
        var pool = Json.object(
                "JobID", "po-1",
                "Priority", 50,
                "Meta", Json.object("team", "a.b"),
                "Datacenters", List.of("dc1", "dc2"),
                "Events", List.of(Json.object("Type", "Started")));
        for (String accepted : List.of(
                "JobID matches `^po` and Priority == 50",
                "JobID == \"x\" and Priority == 1 or Priority == 50",
                "not JobID == \"x\" and Priority == 50",
                "not (JobID == \"x\" or Priority == 1)",
                "Meta.team == \"a.b\"",
                "Meta[\"team\"] == \"a.b\"",
                "\"/Meta/team\" == \"a.b\"",
                "\"dc1\" in Datacenters",
                "dc3 not in Datacenters",
                "Datacenters contains dc2",
                "JobID contains \"o-\"",
                "Datacenters is not empty",
                "Meta.other is empty",
                "Events.0.Type == Started",
                "Meta is not empty and Meta not contains other")) {
            assertThat(Filter.parse(accepted).accepts(pool)).as(accepted).isTrue();
            assertThat(Filter.parse("not (" + accepted + ")").accepts(pool))
                    .as(accepted)
                    .isFalse();
        }
    }

    @Test
    void givenAnExpressionThatCannotBeRead_whenAsked_thenItIsRefusedWithThePlace() {
        for (String bad :
                List.of("Status = 1", "JobID", "JobID ==", "(JobID == a", "JobID == a b", "JobID matches \"(\"", "%")) {
            assertThat(catchThrowable(() -> Filter.parse(bad)))
                    .as(bad)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageStartingWith("failed to create result paginator: failed to read filter expression: ");
        }
        for (String bad : List.of("JobID not == a", "JobID not is empty", "JobID is full", "JobID is not matches a")) {
            assertThat(catchThrowable(() -> Filter.parse(bad)))
                    .as(bad)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("1:7 (6): no match found at '" + bad.split(" ")[1] + "'");
        }
        assertThat(catchThrowable(() -> Filter.parse("Foo == 1").accepts(Json.object("JobID", "x"))))
                .hasMessageContaining("couldn't find key: struct field with name \"Foo\"");
    }
}
