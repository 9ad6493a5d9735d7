// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceTest {
    private static final Map<String, String> OTHERS = Map.of(
            "SERAI_DATABASE_URL", "postgresql://serai:secret@db.example:5432/serai",
            "NOMAD_ADDR", "http://10.0.0.1:4646",
            "NOMAD_TOKEN", "the-job's-identity");

    @TempDir
    Path folder;

    private Platform platform(Map<String, String> more) {
        var environment = new HashMap<>(OTHERS);
        environment.putAll(more);
        var platform = new Platform(new Settings(environment), new Home(folder, folder).create());
        try (var claims = new PortClaims()) {
            platform.choosePorts(claims);
        }
        return platform;
    }

    @Test
    void givenADatabaseOrANomadOfOurOwn_whenServed_thenItSaysWhatIsNotSet() {
        assertThatThrownBy(() -> Service.refuseOwnParts(new Settings(Map.of("NOMAD_ADDR", "http://10.0.0.1:4646"))))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("SERAI_DATABASE_URL is not set");
        assertThatThrownBy(() -> Service.refuseOwnParts(
                        new Settings(Map.of("SERAI_DATABASE_URL", "postgresql://u:p@h:5432/d", "NOMAD_ADDR", " "))))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("NOMAD_ADDR is not set");
        assertThatCode(() -> Service.refuseOwnParts(new Settings(OTHERS))).doesNotThrowAnyException();
    }

    @Test
    void givenWhatTheJobSays_whenServed_thenTheServerHearsItAndNothingOfThisMachine() {
        var platform = platform(Map.of(
                "SERAI_HTTP_PORT", Integer.toString(Ports.any()),
                "SERAI_HTTP_URL", "http://serai.example:8080",
                "SERAI_RPC_HOST", "10.0.0.2",
                "SERAI_RPC_URL", "http://serai.example:50051",
                "SERAI_RUNNER_CACHE", "/var/lib/serai/cache"));
        assertThat(platform.serverEnvironment())
                .containsEntry("SERAI_DB_URL", "jdbc:postgresql://db.example:5432/serai")
                .containsEntry("SERAI_DB_PASSWORD", "secret")
                .containsEntry("SERAI_NOMAD_ADDRESS", "http://10.0.0.1:4646")
                .containsEntry("SERAI_NOMAD_TOKEN", "the-job's-identity")
                .containsEntry("SERAI_HTTP_URL", "http://serai.example:8080")
                .containsEntry("SERAI_RPC_HOST", "10.0.0.2")
                .containsEntry("SERAI_RPC_URL", "http://serai.example:50051")
                .containsEntry("SERAI_RUNNER_CACHE", "/var/lib/serai/cache")
                .containsEntry("SERAI_RUNNER_PYTHON", "python3")
                .containsEntry("SERAI_RUNNER_PYTHON_VERSION", "");
    }

    @Test
    void givenAnAdminToken_whenServed_thenItIsTheServersAndKeptForTheCommandsThatNeedIt() throws Exception {
        var given = platform(Map.of("SERAI_ADMIN_TOKEN", "given"));
        assertThat(given.serverEnvironment()).containsEntry("SERAI_ADMIN_TOKEN", "given");
        assertThat(platform(Map.of()).serverEnvironment()).containsEntry("SERAI_ADMIN_TOKEN", "given");
        assertThat(Files.readString(folder.resolve("secrets/admin-token"))).isEqualTo("given\n");
    }
}
