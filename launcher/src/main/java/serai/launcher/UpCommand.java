// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Start what is not running, and return when the platform is ready.")
final class UpCommand implements Callable<Integer> {
    private static final int MOST = 16;

    @Option(
            names = "--servers",
            paramLabel = "N",
            description =
                    "How many servers run beside each other (default: as many as before, at first one). Each takes about 1 GB.")
    private Integer servers;

    @Override
    public Integer call() {
        if (servers != null && (servers < 1 || servers > MOST)) {
            throw Failure.because("--servers %d: from 1 to %d", servers, MOST);
        }
        try (var progress = Progress.onTerminal()) {
            var platform = up(progress, servers);
            progress.line(String.format(
                    Locale.ROOT,
                    "Serai is up (%.1f s). ./serai run FILE runs a program; the client's settings:",
                    progress.seconds()));
            progress.line("  eval \"$(./serai env)\"     # " + platform.login().get("MODAL_SERVER_URL"));
        }
        return 0;
    }

    /**
     * Under the lock.
     *
     * @param servers null for as many as before
     * @return the platform as it is afterwards
     */
    static Platform up(Progress progress, Integer servers) {
        var home = Platform.here().home().create();
        var lock = Platform.lock(home, progress);
        try {
            var platform = Platform.here(); // read under the lock: another one may have brought it up meanwhile
            platform.up(progress, servers == null ? platform.state().servers() : servers);
            return platform;
        } finally {
            Platform.unlock(lock);
        }
    }
}
