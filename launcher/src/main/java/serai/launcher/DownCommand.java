// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
        name = "down",
        mixinStandardHelpOptions = true,
        description = "Stop the server, the agent with its containers, and the database. Data stays.")
final class DownCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        var home = Platform.here().home();
        if (!home.exists()) {
            System.err.println("Nothing runs: " + home.directory() + " does not exist.");
            return 0;
        }
        try (var progress = Progress.onTerminal()) {
            var lock = Platform.lock(home.create(), progress);
            try {
                Platform.here().down(progress);
            } finally {
                Platform.unlock(lock);
            }
            progress.line("Serai is down. Its data is in " + home.directory());
        }
        return 0;
    }
}
