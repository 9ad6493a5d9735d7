// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The server as a process of somebody else's: it starts here, and ends in order when this process is told to end. */
record Service(Platform platform) {
    private static final Duration GLANCE = Duration.ofMillis(200);

    /** @return the exit status: whoever started it may start it again */
    int run(Progress progress) {
        refuseOwnParts(platform.settings());
        platform.checkExternal();
        var process = start(progress);
        var server = platform.server(1);
        while (process.isAlive()) {
            Pause.millis(GLANCE.toMillis());
        }
        throw Failure.because("the server (pid %d) ended by itself: the log is %s", process.pid(), server.log());
    }

    /** Where it runs now may not be where it runs next: what it keeps has to be elsewhere. */
    static void refuseOwnParts(Settings settings) {
        for (var name : new String[] {"SERAI_DATABASE_URL", "NOMAD_ADDR"}) {
            if (settings.text(name).isEmpty()) {
                throw Failure.because("%s is not set: ./serai serve brings no database and no Nomad of its own", name);
            }
        }
    }

    private ProcessId start(Progress progress) {
        try (var claims = new PortClaims()) {
            platform.choosePorts(claims);
            var server = platform.server(1);
            return progress.step(PayaraServer.PART, "checking", step -> start(server, step));
        }
    }

    private ProcessId start(PayaraServer server, Progress.Step step) {
        var process = launch(server, step);
        server.awaitAdministration(process);
        step.says("deploying the application");
        server.deploy();
        step.says("waiting until the application is ready");
        server.awaitReady(process);
        step.says("Payara %s on %s".formatted(Versions.PAYARA, server.url()));
        return process;
    }

    /** Told to end while it is launched, we wait until it is: a process that nobody knows would stay. */
    private ProcessId launch(PayaraServer server, Progress.Step step) {
        var launched = new CompletableFuture<Optional<ProcessId>>();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> launched.join().ifPresent(server::stop), "stop-server"));
        try {
            var process = server.launch(platform.serverEnvironment(), step);
            launched.complete(Optional.of(process));
            return process;
        } finally {
            launched.complete(Optional.empty()); // unless it was
        }
    }
}
