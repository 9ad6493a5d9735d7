// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.local.doc.Json;

/** A Nomad that runs elsewhere: the only one that reads HCL. */
@EnabledIfEnvironmentVariable(named = "NOMAD_ADDR", matches = ".+")
class RealNomadJobFilesTest extends JobFilesContract {
    /** Those that have no default; a file takes what it declares. */
    private static final String VARIABLES = """
            artifact = "https://files.example/serai-server.tar.gz"
            checksum = "sha256:%s"
            http_url = "http://serai.example:8080"
            rpc_url  = "http://serai.example:50051"
            """.formatted("ab".repeat(32));

    private final Nomad nomad = new Nomad(System.getenv("NOMAD_ADDR"));

    @Override
    Nomad nomad() {
        return nomad;
    }

    @Override
    boolean isItsOwnLimit(String complaint) {
        return false;
    }

    @BeforeAll
    void record() throws IOException {
        if ("true".equals(System.getenv("SERAI_JOBS_RECORD"))) {
            Files.createDirectories(FORMS);
            for (String name : new String[] {"serai-server", "serai-node-check", "postgres"}) {
                JsonNode form = Json.object("sha256", Checksum.of(file(name)), "job", read(name));
                Files.writeString(FORMS.resolve(name + ".json"), form.toPrettyString() + "\n");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"serai-server", "serai-node-check", "postgres"})
    void givenAJobFile_whenNomadReadsIt_thenItsFormIsTheRecordedOne(String name) throws IOException {
        assertThat(read(name)).isEqualTo(form(name).get("job"));
    }

    private JsonNode read(String name) throws IOException {
        String text = Files.readString(file(name));
        StringBuilder given = new StringBuilder();
        VARIABLES
                .lines()
                .filter(line -> text.contains("variable \"" + line.split(" ", 2)[0] + "\""))
                .forEach(line -> given.append(line).append('\n'));
        return nomad.post(
                "/v1/jobs/parse", Json.object("JobHCL", text, "Variables", given.toString(), "Canonicalize", false));
    }
}
