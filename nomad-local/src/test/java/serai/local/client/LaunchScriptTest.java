// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class LaunchScriptTest {
    /** A real shell reads the script; what comes out is what went in, whatever it holds. */
    @Property(tries = 40)
    void wordsAndValuesSurviveTheShell(@ForAll String word, @ForAll String value) throws Exception {
        if (unusable(word) || unusable(value)) {
            return;
        }
        assertThat(run(word, Map.of("X", value, "a.b-c", value, "UID", "u")))
                .isEqualTo(word + "\0" + value + "\0" + value + "\0u\0");
    }

    private static boolean unusable(String text) {
        return text.indexOf('\0') >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private static String run(String word, Map<String, String> environment) throws IOException, InterruptedException {
        String python = "import os,sys; e=os.environb; sys.stdout.buffer.write(b'\\0'.join("
                + "[os.fsencode(sys.argv[1]), e[b'X'], e[b'a.b-c'], e[b'UID'], b'']))";
        Path file = Files.createTempFile("launch", "");
        try {
            TaskProcess.Launch launch = new TaskProcess.Launch(
                    List.of("/usr/bin/python3", "-c", python, word), environment, Path.of("/tmp"), null);
            Files.writeString(file, LaunchScript.text(launch, "/usr/bin/setsid", Map.of("HOME", "/root")));
            Process shell = new ProcessBuilder("/bin/sh", "-c", ". " + file + "; exec /usr/bin/env \"$@\"").start();
            byte[] out = shell.getInputStream().readAllBytes();
            assertThat(shell.waitFor()).isZero();
            return new String(out, StandardCharsets.UTF_8);
        } finally {
            Files.delete(file);
        }
    }
}
