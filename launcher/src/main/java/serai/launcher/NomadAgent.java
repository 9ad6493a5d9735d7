// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Who runs the containers: the cluster that NOMAD_ADDR names, else what runs, else a nomad program on the PATH, else our agent. */
sealed interface NomadAgent {
    String PART = "agent";

    /** @param running the kind of the agent of ours that runs: a PATH that has changed is no wish for another */
    static NomadAgent choose(Settings settings, Home home, int port, Optional<String> running) {
        var address = settings.text("NOMAD_ADDR");
        if (address.isPresent()) {
            return new External(Cluster.external(address.get(), settings));
        }
        var program = onPath(settings, "nomad");
        boolean isProgram = running.map(Program.KIND::equals).orElse(program.isPresent());
        return isProgram
                ? new Program(program.orElse(Path.of("nomad")), home, port)
                : new Embedded(home, port, Embedded.own(settings));
    }

    /** @throws Failure if the runner is to be started by a driver that the agent which we would start does not have, or not so that it works */
    static void checkDriver(Settings settings) {
        var driver = Cluster.driver(settings);
        if (settings.text("NOMAD_ADDR").isEmpty() && !driver.equals(Cluster.DRIVER)) {
            throw Failure.because(
                    "SERAI_NOMAD_DRIVER=%s is for a cluster that is set up for it (NOMAD_ADDR): an agent that ./serai starts has %s",
                    driver, Cluster.DRIVER);
        }
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

    /** @throws Failure if it is somebody else's and takes no containers */
    default void check() {}

    RunState.Part start(Progress.Step step);

    /** With its containers. */
    static void stop(String kind, ProcessId process) {
        process.end(kind.equals(Program.KIND) ? Program.DRAIN_SECONDS : 20);
    }

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
        public void check() {
            if (!Pause.until(Duration.ofSeconds(10), cluster::isReady)) {
                throw Failure.because("Nomad at %s (NOMAD_ADDR) %s", cluster.address(), cluster.trouble());
            }
        }

        @Override
        public RunState.Part start(Progress.Step step) {
            check();
            var version = cluster.version().orElse("?");
            step.says("Nomad " + version + " at " + cluster.address());
            return new RunState.Part(kind(), version, cluster.address(), null);
        }
    }

    /** HashiCorp's program, server and client in one process on loopback. Its data stays, as that of -dev would not. */
    record Program(Path program, Home home, int port) implements NomadAgent {
        static final String KIND = "nomad";

        /** Tasks would outlive it, so it is told to drain its node first; each of them has 30 s to end. */
        private static final int DRAIN_SECONDS = 90;

        /** Asking where no cloud is costs seconds, and nothing here depends on the answer. */
        private static final String CLOUDS = "env_aws,env_gce,env_azure,env_digitalocean";

        @Override
        public Cluster cluster() {
            return Cluster.local(port);
        }

        @Override
        public String kind() {
            return KIND;
        }

        @Override
        public RunState.Part start(Progress.Step step) {
            step.says("starting " + program);
            var configuration = home.nomad().resolve("agent.json");
            try {
                Files.createDirectories(home.nomad());
                var before =
                        Files.exists(configuration) ? Json.parse(Files.readString(configuration)) : Json.parse("{}");
                AtomicFile.write(configuration, Json.pretty(configuration(before, Ports::isFree)));
            } catch (IOException e) {
                throw Failure.from(e, "%s: %s", configuration, e.getMessage());
            }
            var line = Command.of(program.toString(), "agent", "-config", configuration.toString());
            return launch(this, line.in(home.nomad()), home, step);
        }

        /** @param before what it was started with before: its data names its own address, so that it keeps its ports */
        Map<String, Object> configuration(JsonNode before, IntPredicate free) {
            var loopback = "127.0.0.1"; // has to be said also where it would be guessed: guessing loopback is refused
            return Map.of(
                    "data_dir", home.nomad().resolve("data").toString(),
                    "bind_addr", loopback,
                    "advertise", Map.of("http", loopback, "rpc", loopback, "serf", loopback),
                    "ports", Map.of("http", port, "rpc", port(before, "rpc", free), "serf", port(before, "serf", free)),
                    "server", Map.of("enabled", true, "bootstrap_expect", 1),
                    "leave_on_terminate", true, // on SIGTERM the client drains, as drain_on_shutdown says
                    "client",
                            Map.of(
                                    "enabled",
                                    true,
                                    "network_interface",
                                    "lo",
                                    "drain_on_shutdown",
                                    Map.of("deadline", "1s", "force", true),
                                    "options",
                                    Map.of("fingerprint.denylist", CLOUDS)),
                    "plugin", List.of(Map.of("raw_exec", List.of(Map.of("config", List.of(Map.of("enabled", true)))))),
                    "disable_update_check", true);
        }

        private static int port(JsonNode before, String name, IntPredicate free) {
            int port = before.path("ports").path(name).asInt();
            return port > 0 && free.test(port) ? port : Ports.any();
        }
    }

    /** nomad-local, from a copy of its jar: a build meanwhile must not change the file under a running machine. */
    record Embedded(Home home, int port, Map<String, String> own) implements NomadAgent {
        /** Declares devices that the machine does not have. The agent reads it when it starts. */
        static final String DEVICES = "SERAI_LOCAL_DEVICES";

        /** Whether containers of images are offered where podman runs them. */
        static final String PODMAN = "SERAI_LOCAL_PODMAN";

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
                            "-Xms32m", // grows by need
                            "-Xmx512m", // for some 20,000 jobs
                            "-XX:+UseSerialGC",
                            "-XX:+ExitOnOutOfMemoryError", // the next one finds its tasks again
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
            return launch(this, command.with(own), home, step);
        }

        /** The agent's own settings, as far as they are set. */
        private static Map<String, String> own(Settings settings) {
            var own = new TreeMap<String, String>();
            for (var name : List.of(DEVICES, PODMAN)) {
                settings.text(name).ifPresent(value -> own.put(name, value));
            }
            return own;
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
        boolean ready = Pause.until(Duration.ofSeconds(60), () -> {
            cluster.open(); // the last end has drained its node
            return !process.isAlive() || cluster.isReady();
        });
        if (!ready || !process.isAlive()) {
            process.end(5);
            throw Failure.because("%s did not get ready:%n%s%nThe log is %s", agent.kind(), Tail.of(log, 12), log);
        }
        var version = cluster.version().orElse(Versions.SERAI);
        step.says("%s %s on %s".formatted(agent.kind(), version, cluster.address()));
        return new RunState.Part(agent.kind(), version, cluster.address(), process);
    }
}
