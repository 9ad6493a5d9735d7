// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ClusterTest {
    private static String node(String status, String eligibility, boolean rawExec, String more) {
        return """
                {"ID": "n1", "Status": "%s", "SchedulingEligibility": "%s",
                 "Drivers": {"exec": {"Healthy": true}, "raw_exec": {"Detected": true, "Healthy": %s}} %s}""".formatted(status, eligibility, rawExec, more);
    }

    private static String trouble(String... nodes) {
        return trouble("raw_exec", nodes);
    }

    private static String trouble(String driver, String[] nodes) {
        return Cluster.trouble(200, "[" + String.join(",", nodes) + "]", driver);
    }

    @Test
    void oneNodeThatTakesWorkIsEnough() {
        assertThat(trouble(node("down", "eligible", true, ""), node("ready", "eligible", true, "")))
                .isEmpty();
    }

    @Test
    void noNode() {
        assertThat(trouble()).contains("no node that is ready and eligible");
        assertThat(trouble(node("ready", "ineligible", true, ""), node("initializing", "eligible", true, "")))
                .contains("no node that is ready and eligible");
    }

    @Test
    void noDriver() {
        assertThat(trouble(node("ready", "eligible", false, ""))).contains("driver raw_exec");
        assertThat(trouble("exec", new String[] {node("ready", "eligible", false, "")}))
                .isEmpty();
        assertThat(trouble("docker", new String[] {node("ready", "eligible", true, "")}))
                .contains("driver docker");
    }

    @Test
    void refused() {
        assertThat(Cluster.trouble(403, "Permission denied", "raw_exec")).contains("NOMAD_TOKEN");
        assertThat(Cluster.trouble(404, "<html>", "raw_exec")).contains("status 404");
    }

    @Test
    void onlyANodeThatItsOwnEndHasClosedIsOpened() {
        var byItself = ", \"LastDrain\": {\"Meta\": {\"message\": \"shutting down\"}}";
        var byAPerson = ", \"LastDrain\": {\"Meta\": {\"message\": \"new disk\"}}";
        assertThat(Cluster.closedByTheirEnd("[" + node("ready", "ineligible", true, byItself) + "]"))
                .containsExactly("n1");
        assertThat(Cluster.closedByTheirEnd("[" + node("ready", "ineligible", true, byAPerson) + "]"))
                .isEmpty();
        assertThat(Cluster.closedByTheirEnd("[" + node("ready", "ineligible", true, "") + "]"))
                .isEmpty();
        assertThat(Cluster.closedByTheirEnd("[" + node("down", "ineligible", true, byItself) + "]"))
                .isEmpty();
    }
}
