// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ProcessIdTest {
    @Test
    void givenAProcess_whenItsStartTimeIsAnother_thenItIsNotTheSame() throws IOException {
        ProcessId self = ProcessId.parse(Files.readString(Path.of("/proc/self/stat")));
        assertThat(self.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(self.alive()).isTrue();
        assertThat(new ProcessId(self.pid(), self.startTicks() + 1).alive()).isFalse();
    }

    @Test
    void givenANameWithBracketsAndBlanks_whenParsed_thenItIsSkipped() {
        String stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3";
        assertThat(ProcessId.parse(stat)).isEqualTo(new ProcessId(42, 987654));
    }
}
