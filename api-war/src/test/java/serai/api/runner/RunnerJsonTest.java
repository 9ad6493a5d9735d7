// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.bind.Jsonb;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import serai.api.http.JsonFormat;
import serai.problem.ProblemException;

/** The words that runners and the server agreed on. */
class RunnerJsonTest {
    static final Jsonb JSON = new JsonFormat().getContext(Object.class);

    @Test
    void givenARegistration_thenItIsRead() {
        assertThat(JSON.fromJson("""
                        {"pool":"po-1","allocation":"3f1e","index":2,"node":"n1"}""", Registration.class)).isEqualTo(new Registration("po-1", "3f1e", 2, "n1"));
    }

    @Test
    void givenARegistrationWithoutAPool_thenTheProblemIsFoundBelowTheReadersOwn() {
        assertThatThrownBy(() -> JSON.fromJson("{\"allocation\":\"3f1e\"}", Registration.class))
                .hasRootCauseInstanceOf(ProblemException.class);
    }

    @Test
    void givenAnAssignment_thenItIsWrittenAsRunnersReadIt() {
        var assignment = new Assignment(
                "ta-1",
                "ta-1.cs-1",
                List.of(new Assignment.Server("http://127.0.0.1:8080", "http://127.0.0.1:50051")),
                "AAEC",
                new Assignment.Runtime("modal", "1.6.4"),
                null,
                Map.of("MODAL_ENVIRONMENT", "main"),
                "/root",
                null,
                List.of("/entry"),
                true,
                List.of("10.0.0.0/8"),
                List.of(new Assignment.File("/root/app.py", "ab", 123, 0644)),
                new Assignment.Limits(null, 1500, 500, 4096, null),
                new Assignment.Serve(8000, 30, 0),
                true,
                15);
        assertThat(JSON.toJson(assignment)).satisfies(json -> {
            assertThat(json)
                    .contains(
                            "\"servers\":[{\"http_url\":\"http://127.0.0.1:8080\",\"rpc_url\":\"http://127.0.0.1:50051\"}]");
            assertThat(json).contains("\"runtime\":{\"package\":\"modal\",\"version\":\"1.6.4\"}");
            assertThat(json).contains("\"python_version\":null");
            assertThat(json).contains("\"root\":null").contains("\"entrypoint\":[\"/entry\"]");
            assertThat(json).contains("\"block_network\":true").contains("\"outbound\":[\"10.0.0.0/8\"]");
            assertThat(json).contains("\"mode\":420");
            assertThat(json)
                    .contains(
                            "\"limits\":{\"disk_mb\":null,\"memory_mb\":null,\"milli_cpu\":1500,\"milli_cpu_request\":500,\"pids\":4096}");
            assertThat(json).contains("\"serve\":{\"exit_grace_s\":0,\"port\":8000,\"startup_timeout_s\":30}");
            assertThat(json).contains("\"keeps\":true");
            assertThat(json).contains("\"heartbeat_interval_s\":15");
        });
    }

    @Test
    void givenABuildsAssignment_thenItsLimitsAreWrittenAsBuildersReadThem() {
        var root = new Assignment.Root(null, List.of(), null);
        for (var disk : Arrays.asList(300, null)) {
            var assignment =
                    new BuildAssignment("bu-1", "bu-1.bt-1", root, List.of(), Map.of(), 2048, disk, 3600, null);
            assertThat(JSON.toJson(assignment))
                    .contains("\"memory_mb\":2048", "\"limit_s\":3600")
                    .contains("\"disk_mb\":" + disk);
        }
    }

    @Test
    void givenWhatANodeNeedNotKeep_thenItIsWrittenAsRunnersReadIt() {
        assertThat(JSON.toJson(new Dispensable(List.of("ab"), 2_592_000)))
                .isEqualTo("{\"cache_retention_s\":2592000,\"names\":[\"ab\"]}");
    }

    @Test
    void givenABatchOfLogs_thenItIsRead() {
        assertThat(JSON.fromJson("""
                        {"sent_at":1893456000.5,"chunks":[{"at":1893456000.25,"fd":2,"data":"é\\n"}]}""", LogBatch.class))
                .isEqualTo(new LogBatch(1893456000.5, List.of(new LogBatch.Chunk(1893456000.25, 2, "é\n"))));
    }

    @Test
    void givenAnEnd_thenItIsRead() {
        assertThat(JSON.fromJson("{\"exit_code\":null,\"signal\":9,\"reason\":\"\"}", End.class)
                        .inWords())
                .isEqualTo("ended by signal 9");
        assertThat(JSON.fromJson("{\"exit_code\":0,\"signal\":null,\"reason\":\"ended\"}", End.class))
                .isEqualTo(new End(0, null, "ended"));
    }

    @Test
    void givenAnImageAndSecretsWithVariables_thenSecretsCountMoreAndThePlatformsOwnStay() {
        assertThat(Assignments.variables(
                        Map.of("A", "1", "B", "1", "MODAL_ENVIRONMENT", "x"), Map.of("B", "2"), "im-1", "main"))
                .containsOnly(
                        Map.entry("A", "1"),
                        Map.entry("B", "2"),
                        Map.entry("MODAL_ENVIRONMENT", "main"),
                        Map.entry("MODAL_IMAGE_ID", "im-1"));
    }
}
