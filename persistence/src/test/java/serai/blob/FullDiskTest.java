// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** On a disk of 4 MiB, where this machine lets us mount one. */
class FullDiskTest {
    private static final int MIB = 1 << 20;

    @TempDir
    private Path disk;

    private DirectoryBlobStore store;
    private boolean mounted;

    @BeforeEach
    void mount() throws Exception {
        mounted = run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString()) == 0;
        assumeTrue(mounted, "only root may mount a small disk");
        store = new DirectoryBlobStore(disk);
    }

    @AfterEach
    void unmount() throws Exception {
        if (mounted) {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    @Test
    void givenAFullDisk_whenABlobIsKept_thenItSaysSo_andWhatIsThereStaysWhole() throws Exception {
        var first = content(3 * MIB, 1);
        store.put("bl-1", first, 3 * MIB);

        assertThatThrownBy(() -> store.put("bl-2", content(3 * MIB, 2), 3 * MIB))
                .isInstanceOfSatisfying(
                        ProblemException.class, e -> assertThat(e.problem()).isEqualTo(Problem.STORAGE_FULL))
                .hasMessageContaining(disk.toString());

        try (var kept = store.open("bl-1")) {
            assertThat(kept.readAllBytes()).isEqualTo(content(3 * MIB, 1).readAllBytes());
        }
        assertThatThrownBy(() -> store.open("bl-2")).isInstanceOf(IOException.class);
        try (var files = Files.walk(disk)) {
            assertThat(files.filter(Files::isRegularFile)).hasSize(1); // nothing half-made
        }
    }

    @Test
    void givenRoomAgain_thenBlobsAreKeptAgain() throws Exception {
        store.put("bl-1", content(3 * MIB, 1), 3 * MIB);
        assertThatThrownBy(() -> store.put("bl-2", content(3 * MIB, 2), 3 * MIB))
                .isInstanceOf(ProblemException.class);
        store.delete("bl-1");
        assertThat(store.put("bl-2", content(3 * MIB, 2), 3 * MIB).size()).isEqualTo(3 * MIB);
    }

    private static InputStream content(int size, int value) {
        var bytes = new byte[size];
        java.util.Arrays.fill(bytes, (byte) value);
        return new ByteArrayInputStream(bytes);
    }

    private static int run(String... command) throws Exception {
        return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
    }
}
