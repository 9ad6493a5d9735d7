// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** The last lines of a text: where the reason of a failure stands. */
final class Tail {
    private Tail() {}

    static String of(String text, int lines) {
        var all = text.strip().lines().toList();
        return all.stream()
                .skip(Math.max(0, all.size() - lines))
                .map("    "::concat)
                .collect(Collectors.joining("\n"));
    }

    static String of(Path file, int lines) {
        try {
            return of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8), lines);
        } catch (IOException e) {
            return "    (no log: " + e.getMessage() + ")";
        }
    }
}
