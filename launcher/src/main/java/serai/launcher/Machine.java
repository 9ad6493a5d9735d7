// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this machine has. */
final class Machine {
    private Machine() {}

    static long memoryMegabytes() {
        try (var lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith("MemTotal:"))
                    .map(line -> line.replaceAll("\\D", ""))
                    .mapToLong(kibibytes -> Long.parseLong(kibibytes) / 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    /** A sixteenth of the memory, at least what the server needs, at most what more than one node's traffic can use. */
    static int serverHeapMegabytes() {
        return (int) Math.clamp(memoryMegabytes() / 16, 512, 2048);
    }
}
