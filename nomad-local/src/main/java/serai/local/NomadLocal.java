// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import serai.local.client.Fingerprint;
import serai.local.client.Podman;
import serai.local.device.Inventory;

/** The command line. */
@Command(
        name = "nomad-local",
        mixinStandardHelpOptions = true,
        versionProvider = NomadLocal.Version.class,
        description = "A single-node agent that answers the Nomad HTTP API.",
        footer = {
            "",
            "SIGTERM and SIGINT stop every task (kill signal, kill timeout, then SIGKILL) and then the agent.",
            "After SIGKILL or a crash the tasks go on; the next agent with the same data directory finds them",
            "again by process ID and start time, and reports those that ended meanwhile with their exit status.",
            "",
            "SERAI_LOCAL_DEVICES declares devices that the machine does not have; see docs/gpus.md.",
            "SERAI_LOCAL_PODMAN=off offers no containers on a machine where podman works."
        })
public final class NomadLocal implements Callable<Integer> {
    @Option(
            names = "--bind",
            defaultValue = "127.0.0.1",
            description =
                    "Address to listen on (default: ${DEFAULT-VALUE}). There is no access control: leave it on loopback.")
    private String bind;

    @Option(names = "--port", defaultValue = "4646", description = "Port to listen on (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--data-dir", required = true, description = "Where state, task directories and logs are kept.")
    private Path dataDirectory;

    @Option(names = "--node-name", description = "Name of the node (default: the machine's host name).")
    private String nodeName;

    private NomadLocal() {}

    /** The web server's own remarks; held here, since the logging of the JDK forgets levels of unreferenced loggers. */
    private static final Logger WEB_SERVER = Logger.getLogger("io.helidon");

    public static void main(String[] args) {
        WEB_SERVER.setLevel(Level.WARNING);
        int status = new CommandLine(new NomadLocal())
                .setExecutionExceptionHandler((e, command, result) -> {
                    command.getErr().println("nomad-local: " + e.getMessage());
                    if (!(e instanceof IOException || e instanceof UncheckedIOException)) {
                        e.printStackTrace(command.getErr());
                    }
                    return 1;
                })
                .execute(args);
        System.exit(status);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        String name = nodeName == null ? Fingerprint.hostname() : nodeName;
        Optional<String> devices = Optional.ofNullable(System.getenv(Inventory.VARIABLE));
        Optional<String> podman = Optional.ofNullable(System.getenv(Podman.VARIABLE));
        Agent agent =
                Agent.start(new Agent.Settings(bind, port, dataDirectory, name, Version.number(), devices, podman));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                agent.close();
            } catch (IOException e) {
                System.err.println("nomad-local: " + e.getMessage());
                Runtime.getRuntime().halt(1);
            }
            Runtime.getRuntime().halt(0); // asked to stop and stopped: a success, which Java would report as 143
        }));
        System.out.printf(
                "nomad-local %s listens on http://%s:%d, data in %s%n",
                Version.number(), bind, agent.port(), dataDirectory);
        new CountDownLatch(1).await();
        return 0;
    }

    /** The version of the jar; of the API there is only one. */
    static final class Version implements IVersionProvider {
        static String number() {
            String version = NomadLocal.class.getPackage().getImplementationVersion();
            return version == null ? "0.0.0-dev" : version;
        }

        @Override
        public String[] getVersion() {
            return new String[] {"nomad-local " + number()};
        }
    }
}
