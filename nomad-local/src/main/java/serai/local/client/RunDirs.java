// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The starts of one task, a directory for each. A name is never used twice: a supervisor that was told to start something and
 * comes to it late, when its agent is gone and the next one has started the task itself, finds its directory gone and ends.
 */
record RunDirs(Path path) {

    /** For a new start; nothing of an earlier one is left. */
    RunDir fresh() throws IOException {
        AllocDir.delete(path);
        RunDir next = new RunDir(path.resolve(UUID.randomUUID().toString()));
        next.create();
        return next;
    }

    /** The start that came to something. Those that did not will not any more. */
    Optional<RunDir> begun() throws IOException {
        Optional<RunDir> begun = Optional.empty();
        for (RunDir start : starts()) {
            if (start.started().isPresent()) {
                begun = Optional.of(start);
            } else {
                withdraw(start);
            }
        }
        return begun;
    }

    /** Ends what was ever started here, and has nothing start any more. */
    void end() throws IOException {
        for (RunDir start : starts()) {
            withdraw(start);
        }
        AllocDir.delete(path);
    }

    private static void withdraw(RunDir start) throws IOException {
        Path away = start.path().resolveSibling("withdrawn-" + start.path().getFileName());
        Files.move(start.path(), away, StandardCopyOption.ATOMIC_MOVE); // from here on no supervisor finds it
        Optional<ProcessId> started = new RunDir(away).started();
        if (started.isPresent() && started.get().alive()) {
            started.get().killGroup();
        }
    }

    private List<RunDir> starts() throws IOException {
        try (Stream<Path> entries = Files.list(path)) {
            return entries.filter(Files::isDirectory).map(RunDir::new).toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }
}
