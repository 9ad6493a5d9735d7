// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What agent and supervisor tell each other about one start of a task. See {@code supervise.sh}. */
record RunDir(Path path) {

    Path stdout() {
        return path.resolve("stdout");
    }

    Path launch() {
        return path.resolve("launch");
    }

    Path stderr() {
        return path.resolve("stderr");
    }

    void create() throws IOException {
        Files.createDirectories(path);
        Libc.mkfifo(stdout());
        Libc.mkfifo(stderr());
    }

    /** The process that was started; empty if the supervisor has not come to it. */
    Optional<ProcessId> started() throws IOException {
        return line("started").map(ProcessId::parse);
    }

    /** Its status as a shell gives it: above 128 for a signal. */
    Optional<Integer> exit() throws IOException {
        return line("exit").map(Integer::parseInt);
    }

    private Optional<String> line(String name) throws IOException {
        Path file = path.resolve(name);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        String text = Files.readString(file);
        return text.endsWith("\n") ? Optional.of(text.strip()) : Optional.empty();
    }
}
