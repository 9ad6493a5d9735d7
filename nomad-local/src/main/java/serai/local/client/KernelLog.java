// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;

/** What the kernel notes of control groups. */
final class KernelLog {
    private KernelLog() {}

    /**
     * Whether it killed something in a control group since its memory was used up.
     *
     * @param group part of the group's name that no other has
     * @return false also where the log may not be read
     */
    static boolean tellsOfOom(String group) throws IOException, InterruptedException {
        if (group.isEmpty()) {
            throw new IllegalArgumentException("every line has an empty part");
        }
        Process dmesg =
                new ProcessBuilder("dmesg").redirectError(Redirect.DISCARD).start();
        try (var lines = dmesg.inputReader(StandardCharsets.ISO_8859_1)) {
            return lines.lines().anyMatch(line -> line.contains("oom-kill:") && line.contains(group));
        } finally {
            dmesg.destroyForcibly();
            dmesg.waitFor();
        }
    }
}
