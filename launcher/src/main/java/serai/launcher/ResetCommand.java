// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "reset",
        mixinStandardHelpOptions = true,
        description = "Stop the platform and delete everything it keeps: apps, calls, results, logs, tokens.")
final class ResetCommand implements Callable<Integer> {
    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask.")
    private boolean yes;

    @Override
    public Integer call() throws IOException {
        var home = Platform.here().home();
        if (!home.exists()) {
            System.err.println("Nothing to delete: " + home.directory() + " does not exist.");
            return 0;
        }
        if (!isOurs(home)) {
            throw Failure.because(
                    "%s does not look like a SERAI_HOME (no run.json): nothing is deleted", home.directory());
        }
        if (!yes && !agreed(home)) {
            System.err.println("Nothing was deleted.");
            return 1;
        }
        try (var progress = Progress.onTerminal()) {
            var lock = Platform.lock(home.create(), progress);
            try {
                Platform.here().down(progress);
                Mounts.release(home.directory());
                Trees.delete(home.directory());
            } finally {
                Platform.unlock(lock);
            }
            progress.line(home.directory() + " is deleted.");
        }
        return 0;
    }

    private static boolean isOurs(Home home) {
        return java.nio.file.Files.exists(home.runFile()) || java.nio.file.Files.exists(home.lockFile());
    }

    private static boolean agreed(Home home) {
        var console = System.console();
        if (console == null || !console.isTerminal()) {
            throw Failure.because(
                    "reset deletes all data in %s; without a terminal to ask at, say --yes", home.directory());
        }
        return "yes".equals(console.readLine("Delete all data in %s? Type yes: ", home.directory()));
    }
}
