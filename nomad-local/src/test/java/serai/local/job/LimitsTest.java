// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import serai.local.doc.Json;

class LimitsTest {
    private static ObjectNode task(Object... fields) {
        ObjectNode task = Json.object(
                "Name", "t", "Driver", "raw_exec", "LogConfig", Json.object("MaxFiles", 1, "MaxFileSizeMB", 1));
        task.setAll(Json.object(fields));
        return task;
    }

    private static String complaint(ObjectNode task, Object... job) {
        ObjectNode doc = Json.object("ID", "j", "TaskGroups", List.of(Map.of("Name", "g", "Tasks", List.of(task))));
        doc.setAll(Json.object(job));
        return JobRules.complaint(JobForm.request(Json.object("Job", doc)).job().orElseThrow());
    }

    @Test
    void givenAJobThatNomadWouldRunOtherwise_whenRegistered_thenItIsRefusedByName() {
        assertThat(complaint(task())).isEmpty();
        assertThat(complaint(task(), "Type", "system")).contains("nomad-local does not run jobs of type \"system\"");
        assertThat(complaint(task(), "Periodic", Map.of("Spec", "@daily"))).contains("does not know periodic jobs");
        assertThat(complaint(task("Lifecycle", Map.of("Hook", "prestart")))).contains("does not know lifecycle hooks");
        assertThat(complaint(task("User", "nobody"))).contains("as its own user only");
        assertThat(complaint(task("Vault", Map.of("Role", "x")))).contains("does not know Vault");
        assertThat(complaint(task("Resources", Map.of("Cores", 2)))).contains("does not reserve cores");
    }
}
