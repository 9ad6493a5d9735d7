// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Start what is not running, and return when the platform is ready.")
final class UpCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        try (var progress = Progress.onTerminal()) {
            var platform = up(progress);
            progress.line(String.format(
                    Locale.ROOT,
                    "Serai is up (%.1f s). ./serai run FILE runs a program; the client's settings:",
                    progress.seconds()));
            progress.line("  eval \"$(./serai env)\"     # " + platform.login().get("MODAL_SERVER_URL"));
        }
        return 0;
    }

    /** Under the lock: the platform as it is afterwards. */
    static Platform up(Progress progress) {
        var home = Platform.here().home().create();
        var lock = Platform.lock(home, progress);
        try {
            var platform = Platform.here(); // read under the lock: another one may have brought it up meanwhile
            platform.up(progress);
            return platform;
        } finally {
            Platform.unlock(lock);
        }
    }
}
