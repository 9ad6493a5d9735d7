// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MountsTest {
    @Test
    void onlyWhatIsBelow_innermostFirst() {
        var mountinfo = """
                22 1 0:20 / / rw - ext4 /dev/root rw
                30 22 0:30 / /data rw - tmpfs tmpfs rw
                31 30 0:31 / /data/my\\040home rw - tmpfs tmpfs rw
                32 31 0:32 / /data/my\\040home/nomad/a/secrets rw,noexec - tmpfs secrets rw
                33 32 0:33 / /data/my\\040home/nomad/a/secrets/in/side rw - tmpfs x rw
                34 30 0:34 / /data/my\\040homes rw - tmpfs tmpfs rw
                """;
        assertThat(Mounts.below(Path.of("/data/my home"), mountinfo))
                .containsExactly(
                        Path.of("/data/my home/nomad/a/secrets/in/side"), Path.of("/data/my home/nomad/a/secrets"));
    }
}
