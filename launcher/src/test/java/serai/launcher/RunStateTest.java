// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStateTest {
    private final ProcessId self = ProcessId.of(ProcessHandle.current().pid()).orElseThrow();

    @TempDir
    private Path folder;

    @Test
    void whatIsWrittenIsReadAgain() throws Exception {
        var file = folder.resolve("run.json");
        var state = new RunState(2, Map.of(Ports.HTTP, 8080), Map.of())
                .with("agent", new RunState.Part("nomad-local", "0.1", "http://127.0.0.1:4646", self))
                .with("database", new RunState.Part("external", null, "db:5432", null));
        state.write(file);
        assertThat(RunState.read(file)).isEqualTo(state);
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void givenNoFile_thenNothingRuns() {
        assertThat(RunState.read(folder.resolve("run.json")).parts()).isEmpty();
    }

    @Test
    void givenABrokenFile_thenItSaysWhich() throws Exception {
        var file = folder.resolve("run.json");
        Files.writeString(file, "{\"ports\":");
        assertThatThrownBy(() -> RunState.read(file))
                .isInstanceOf(Failure.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void givenAPidThatIsSomebodyElsesNow_thenThePartIsNotAlive() {
        var other = new ProcessId(self.pid(), self.startTicks() - 1, self.boot());
        assertThat(self.isAlive()).isTrue();
        assertThat(other.isAlive()).isFalse();
    }

    @Test
    void aProcessNameMayHoldParenthesesAndSpaces() {
        var stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 987654 1 2 3";
        assertThat(ProcessId.startTicks(stat)).isEqualTo(987654);
    }

    @Test
    void serversAreCountedFromTheFirst_whateverElseRuns() {
        var part = RunState.Part.starting("payara", "7", self);
        var state = new RunState(1, Map.of(), Map.of())
                .with("server-10", part)
                .with("agent", part)
                .with("server", part)
                .with("server-2", part);
        assertThat(state.serverNumbers()).containsExactly(1, 2, 10);
    }

    @Test
    void givenAFileThatDoesNotSayHowManyServers_thenItIsOne() throws Exception {
        var file = folder.resolve("run.json");
        Files.writeString(file, "{\"ports\":{}}");
        assertThat(RunState.read(file).servers()).isEqualTo(1);
    }
}
