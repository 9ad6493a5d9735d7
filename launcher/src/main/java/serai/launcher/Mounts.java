// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** What is mounted below a directory: Nomad, as root, leaves its allocations' secrets mounted after its end. */
final class Mounts {
    private Mounts() {}

    /** @throws Failure naming what stays mounted, and why */
    static void release(Path directory) throws IOException {
        for (var mount : below(directory.toRealPath(), Files.readString(Path.of("/proc/self/mountinfo")))) {
            var result = Command.of("umount", "--", mount.toString()).run(30);
            if (!result.ok()) {
                throw Failure.because(
                        "%s stays mounted: %s", mount, result.output().strip());
            }
        }
    }

    /**
     * @param mountinfo see proc(5): the fifth word is the place, with octal escapes
     * @return the innermost first
     */
    static List<Path> below(Path directory, String mountinfo) {
        return mountinfo
                .lines()
                .map(line -> Path.of(unescaped(line.split(" ")[4])))
                .filter(place -> place.startsWith(directory) && !place.equals(directory))
                .sorted(Comparator.comparingInt(Path::getNameCount).reversed())
                .toList();
    }

    private static String unescaped(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
