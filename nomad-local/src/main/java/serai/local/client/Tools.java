// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** Programs of the machine that the agent uses, by their absolute paths. */
public record Tools(String shell, String env, String setsid, String supervisor) {

    /** @throws IOException if one is missing; without them no task can be started */
    public static Tools find(Path dataDirectory) throws IOException {
        Path script = dataDirectory.resolve("supervise.sh");
        Path next = dataDirectory.resolve("supervise.sh.next");
        try (InputStream source = Tools.class.getResourceAsStream("supervise.sh")) {
            Files.copy(source, next, StandardCopyOption.REPLACE_EXISTING);
        }
        Files.move(next, script, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return new Tools(program("sh"), program("env"), program("setsid"), script.toString());
    }

    private static String program(String name) throws IOException {
        for (String directory : List.of("/usr/bin", "/bin", "/usr/local/bin")) {
            Path candidate = Path.of(directory, name);
            if (Files.isExecutable(candidate)) {
                return candidate.toString();
            }
        }
        throw new IOException("the program " + name + " is not on this machine; nomad-local needs it to start tasks");
    }
}
