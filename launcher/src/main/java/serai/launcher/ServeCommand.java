// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** For a cluster or a service manager, which starts it, watches it and ends it by a signal. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description =
                "Run the server alone, in the foreground, with the database and the Nomad that SERAI_DATABASE_URL and NOMAD_ADDR name.")
final class ServeCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        var home = Platform.here().home().create();
        try (var progress = Progress.onTerminal()) {
            Platform.lock(home, progress); // given back by our end: nobody else changes the installation meanwhile
            return new Service(Platform.here()).run(progress);
        }
    }
}
