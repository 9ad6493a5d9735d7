// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Who runs the containers: the cluster that NOMAD_ADDR names, else a nomad program on the PATH, else our own agent. */
sealed interface NomadAgent {
    String PART = "agent";

    static NomadAgent choose(Settings settings, Home home, int port) {
        return settings.text("NOMAD_ADDR")
                .<NomadAgent>map(address -> new External(Cluster.external(address, settings)))
                .or(() -> onPath(settings, "nomad").map(program -> new Program(program, home, port)))
                .orElseGet(() -> new Embedded(home, port, settings.text(Embedded.DEVICES)));
    }

    static Optional<Path> onPath(Settings settings, String program) {
        return Arrays.stream(settings.text("PATH").orElse("").split(":"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, program))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }

    Cluster cluster();

    String kind();

    RunState.Part start(Progress.Step step);

    /** @return whether what runs was started from something else than what there is now */
    default boolean isOutdated() {
        return false;
    }

    /** Somebody else's: only asked, never started or stopped. */
    record External(Cluster cluster) implements NomadAgent {
        @Override
        public String kind() {
            return "external";
        }

        @Override
        public RunState.Part start(Progress.Step step) {
            if (!Pause.until(Duration.ofSeconds(10), cluster::isReady)) {
                throw Failure.because(
                        "Nomad at %s (NOMAD_ADDR) does not answer with a node that is ready", cluster.address());
            }
            var version = cluster.version().orElse("?");
            step.says("Nomad " + version + " at " + cluster.address());
            return new RunState.Part(kind(), version, cluster.address(), null);
        }
    }

    /** HashiCorp's program, server and client in one process on loopback. Its data stays, as that of -dev would not. */
    record Program(Path program, Home home, int port) implements NomadAgent {
        @Override
        public Cluster cluster() {
            return Cluster.local(port);
        }

        @Override
        public String kind() {
            return "nomad";
        }

        @Override
        public RunState.Part start(Progress.Step step) {
            step.says("starting " + program);
            var configuration = home.nomad().resolve("agent.json");
            try {
                Files.createDirectories(home.nomad());
                AtomicFile.write(configuration, Json.pretty(configuration()));
            } catch (IOException e) {
                throw Failure.from(e, "%s: %s", configuration, e.getMessage());
            }
            var line = Command.of(program.toString(), "agent", "-config", configuration.toString());
            return launch(this, line.in(home.nomad()), home, step);
        }

        Map<String, Object> configuration() {
            return Map.of(
                    "data_dir", home.nomad().resolve("data").toString(),
                    "bind_addr", "127.0.0.1",
                    "ports", Map.of("http", port, "rpc", Ports.any(), "serf", Ports.any()),
                    "server", Map.of("enabled", true, "bootstrap_expect", 1),
                    "client", Map.of("enabled", true),
                    "plugin", List.of(Map.of("raw_exec", List.of(Map.of("config", List.of(Map.of("enabled", true)))))),
                    "disable_update_check", true);
        }
    }

    /** nomad-local, from a copy of its jar: a build meanwhile must not change the file under a running machine. */
    record Embedded(Home home, int port, Optional<String> devices) implements NomadAgent {
        /** Declares devices that the machine does not have. The agent reads it when it starts. */
        static final String DEVICES = "SERAI_LOCAL_DEVICES";

        private static final String JAR = "nomad-local/target/nomad-local.jar";

        @Override
        public Cluster cluster() {
            return Cluster.local(port);
        }

        @Override
        public String kind() {
            return "nomad-local";
        }

        @Override
        public boolean isOutdated() {
            try {
                return !Files.exists(copy())
                        || !contents(home.required(JAR, "the agent")).equals(contents(copy()));
            } catch (IOException e) {
                throw Failure.from(e, "%s: %s", JAR, e.getMessage());
            }
        }

        @Override
        public RunState.Part start(Progress.Step step) {
            step.says("starting nomad-local");
            try {
                Files.createDirectories(copy().getParent());
                if (isOutdated()) {
                    var draft = copy().resolveSibling("nomad-local.jar.new");
                    Files.copy(home.required(JAR, "the agent"), draft, StandardCopyOption.REPLACE_EXISTING);
                    Files.move(draft, copy(), StandardCopyOption.ATOMIC_MOVE);
                }
            } catch (IOException e) {
                throw Failure.from(e, "%s: %s", copy(), e.getMessage());
            }
            var line = Stream.of(
                            Java.program(),
                            "-Xmx128m",
                            "-XX:+UseSerialGC",
                            "-jar",
                            copy().toString(),
                            "--bind",
                            "127.0.0.1",
                            "--port",
                            Integer.toString(port),
                            "--data-dir",
                            home.nomad().toString())
                    .toList();
            var command = Command.of(line).in(home.directory());
            return launch(this, devices.map(d -> command.with(DEVICES, d)).orElse(command), home, step);
        }

        /** Two builds of the same sources differ in the order of the entries only. */
        private static Map<String, Long> contents(Path jar) throws IOException {
            try (var zip = new ZipFile(jar.toFile())) {
                return zip.stream().collect(Collectors.toMap(ZipEntry::getName, ZipEntry::getCrc, (one, other) -> one));
            }
        }

        private Path copy() {
            return home.nomad().resolve("lib/nomad-local.jar");
        }
    }

    private static RunState.Part launch(NomadAgent agent, Command line, Home home, Progress.Step step) {
        var log = home.logs().resolve("agent.log");
        var process = line.leave(log, true); // what it starts is users' code: nothing of our environment is for that
        var cluster = agent.cluster();
        boolean ready = Pause.until(Duration.ofSeconds(60), () -> !process.isAlive() || cluster.isReady());
        if (!ready || !process.isAlive()) {
            process.end(5);
            throw Failure.because("%s did not get ready:%n%s%nThe log is %s", agent.kind(), Tail.of(log, 12), log);
        }
        var version = cluster.version().orElse(Versions.SERAI);
        step.says("%s %s on %s".formatted(agent.kind(), version, cluster.address()));
        return new RunState.Part(agent.kind(), version, cluster.address(), process);
    }
}
