// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.local.doc.Json;

/**
 * The job files in {@code nomad-jobs}. Only Nomad itself reads HCL; {@code jobs/NAME.json} beside the tests is what it read, with
 * a checksum of the file, so that each agent can be asked about the same job. With a real one the form is compared, and written
 * anew where {@code SERAI_JOBS_RECORD=true} asks for it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
abstract class JobFilesContract {
    static final Path FILES = Path.of("..", "nomad-jobs");
    static final Path FORMS = Path.of("src", "test", "resources", "jobs");

    abstract Nomad nomad();

    /** @param complaint about a job that Nomad itself runs */
    abstract boolean isItsOwnLimit(String complaint);

    @ParameterizedTest
    @ValueSource(strings = {"serai-server", "serai-node-check", "postgres"})
    void givenAJobFile_whenItsFormIsValidated_thenNothingIsWrongWithIt(String name) throws IOException {
        JsonNode form = form(name);
        assertThat(form.path("sha256").asText())
                .as("%s was changed: record its form with a real Nomad", name)
                .isEqualTo(Checksum.of(file(name)));
        ObjectNode request = Json.object("Job", form.get("job"));
        JsonNode answer = nomad().post("/v1/validate/job", request);
        assertThat(answer.path("Error").asText().lines())
                .map(String::strip)
                .filteredOn(line -> line.startsWith("*") && !line.endsWith("occurred:"))
                .allMatch(this::isItsOwnLimit, "a limit of this agent's own");
        assertThat(answer.path("Warnings").asText()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"serai-server", "serai-node-check", "postgres"})
    void givenAJobFile_whenItsFormIsLookedAt_thenNoSecretIsInItsEnvironment(String name) throws IOException {
        for (JsonNode group : form(name).at("/job/TaskGroups")) {
            for (JsonNode task : group.path("Tasks")) {
                assertThat(task.path("Env").fieldNames())
                        .toIterable()
                        .noneMatch(key -> key.matches(".*(TOKEN|SECRET|KEY|PASSWORD|DATABASE_URL)"));
            }
        }
    }

    static Path file(String name) {
        return FILES.resolve(name + ".nomad.hcl");
    }

    static JsonNode form(String name) throws IOException {
        return Json.MAPPER.readTree(Files.readString(FORMS.resolve(name + ".json")));
    }
}
