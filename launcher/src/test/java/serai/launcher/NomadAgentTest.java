// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NomadAgentTest {
    @TempDir
    private Path folder;

    private NomadAgent choose(Map<String, String> variables, String running) {
        var environment = new HashMap<>(variables);
        environment.put("SERAI_HOME", folder.resolve("home").toString());
        var settings = new Settings(environment);
        return NomadAgent.choose(settings, Home.of(settings), 4646, Optional.ofNullable(running));
    }

    private String withNomad() throws IOException {
        var program = Files.createFile(folder.resolve("nomad"));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return "/nowhere:" + folder;
    }

    @Test
    void withoutAnyNomad_ourAgent() {
        assertThat(choose(Map.of("PATH", folder.toString()), null)).isInstanceOf(NomadAgent.Embedded.class);
    }

    @Test
    void aNomadOnThePath() throws IOException {
        assertThat(choose(Map.of("PATH", withNomad()), null))
                .isInstanceOfSatisfying(
                        NomadAgent.Program.class,
                        agent -> assertThat(agent.program()).isEqualTo(folder.resolve("nomad")));
    }

    @Test
    void somethingOnThePathThatCannotBeRun_isNone() throws IOException {
        Files.createFile(folder.resolve("nomad"));
        assertThat(choose(Map.of("PATH", folder.toString()), null)).isInstanceOf(NomadAgent.Embedded.class);
    }

    @Test
    void anAddressComesFirst() throws IOException {
        var agent = choose(Map.of("PATH", withNomad(), "NOMAD_ADDR", "http://one:4646/", "NOMAD_TOKEN", "t"), null);
        assertThat(agent)
                .isEqualTo(new NomadAgent.External(
                        new Cluster("http://one:4646", Map.of("SERAI_NOMAD_TOKEN", "t"), "raw_exec")));
    }

    @Test
    void whatRunsStays_whateverThePathSaysNow() throws IOException {
        assertThat(choose(Map.of("PATH", withNomad()), "nomad-local")).isInstanceOf(NomadAgent.Embedded.class);
        assertThat(choose(Map.of("PATH", "/nowhere"), "nomad")).isInstanceOf(NomadAgent.Program.class);
    }

    @Test
    void aDriverThatOnlyAClusterCanHave() {
        assertThatThrownBy(() -> NomadAgent.checkDriver(new Settings(Map.of("SERAI_NOMAD_DRIVER", "exec"))))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("NOMAD_ADDR");
        NomadAgent.checkDriver(new Settings(Map.of("SERAI_NOMAD_DRIVER", "exec", "NOMAD_ADDR", "http://one:4646")));
        NomadAgent.checkDriver(new Settings(Map.of("SERAI_NOMAD_DRIVER", "raw_exec")));
    }

    @Test
    void anAddressWithoutItsScheme() {
        assertThatThrownBy(() -> choose(Map.of("NOMAD_ADDR", "one:4646"), null))
                .isInstanceOf(Failure.class)
                .hasMessage("NOMAD_ADDR=one:4646 is not of the form http://host:port");
    }

    @Test
    void theProgramKeepsItsPorts_sinceItsDataNamesThem() {
        var program = new NomadAgent.Program(Path.of("nomad"), Home.of(new Settings(Map.of("SERAI_HOME", "/h"))), 4646);
        var before = Json.parse("{\"ports\":{\"http\":1,\"rpc\":5001,\"serf\":5002}}");
        assertThat((Map<?, ?>)
                        program.configuration(before, port -> port == 5001).get("ports"))
                .satisfies(ports -> {
                    assertThat(ports.get("http")).isEqualTo(4646);
                    assertThat(ports.get("rpc")).isEqualTo(5001);
                    assertThat(ports.get("serf")).isNotEqualTo(5002);
                });
    }
}
