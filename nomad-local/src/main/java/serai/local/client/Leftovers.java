// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * Processes that a task left behind in a session of their own, where no signal to its group reaches them. They are known by their
 * environment, which names the allocation's directory: another agent's are never taken for ours.
 */
record Leftovers(Path allocations) {
    private static final String DIRECTORY = "NOMAD_ALLOC_DIR=";
    private static final String TASK = "NOMAD_TASK_NAME=";

    /** Ends those of one task. @return how many there were */
    int end(String alloc, String task) throws IOException {
        return end((a, t) -> a.equals(alloc) && t.equals(task));
    }

    /** Ends those of all tasks that {@code gone} says of, given allocation and task. @return how many there were */
    int end(BiPredicate<String, String> gone) throws IOException {
        int ended = 0;
        for (Process process : processes()) {
            if (gone.test(process.alloc(), process.task()) && process.id().alive()) {
                Libc.kill(process.id().pid(), Signals.KILL);
                ended++;
            }
        }
        return ended;
    }

    private record Process(ProcessId id, String alloc, String task) {}

    private List<Process> processes() throws IOException {
        List<Process> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : all) {
                of(process).ifPresent(found::add);
            }
        }
        return found;
    }

    private Optional<Process> of(Path process) {
        try {
            String environment = Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1);
            Optional<String> directory = value(environment, DIRECTORY);
            if (directory.isEmpty() || !directory.get().startsWith(allocations + "/")) {
                return Optional.empty();
            }
            String alloc = directory
                    .get()
                    .substring(allocations.toString().length() + 1)
                    .split("/", 2)[0];
            ProcessId id = ProcessId.parse(Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1)
                    .strip());
            return Optional.of(new Process(id, alloc, value(environment, TASK).orElse("")));
        } catch (IOException | RuntimeException e) {
            return Optional.empty(); // it is another user's, or it has ended
        }
    }

    private static Optional<String> value(String environment, String name) {
        for (String variable : environment.split("\0", -1)) {
            if (variable.startsWith(name)) {
                return Optional.of(variable.substring(name.length()));
            }
        }
        return Optional.empty();
    }
}
