// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import serai.local.client.SetupException.Kind;
import serai.local.doc.Json;
import serai.local.job.Job;

/**
 * A container. It is created by podman, then started and attached to by a {@code podman start} below the task's supervisor, which
 * carries output and signals and ends with the container's exit status. So it outlives the agent as a process does. Its folder
 * in {@code containers/} is there from before it is created until after it was removed: whoever finds one removes the container.
 */
final class PodmanTask implements TaskDriver {
    static final String NAME = "podman";
    /** What a container sees of the allocation's directories, by the variables that say where they are. */
    static final Map<String, String> BOUND =
            Map.of("NOMAD_ALLOC_DIR", "/alloc", "NOMAD_TASK_DIR", "/local", "NOMAD_SECRETS_DIR", "/secrets");

    private static final System.Logger LOG = System.getLogger(PodmanTask.class.getName());
    private static final Duration CREATION = Duration.ofMinutes(2);
    private static final int REMOVAL_TRIES = 3;
    private static final Duration END = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(10);
    /** What one line of podman's files of variables can hold, with some room for the name. */
    private static final int LINE = 32_000;
    /** Names of containers, without the allocation's ID at the end. */
    private static final int ID_LENGTH = 36;

    private final Surroundings around;
    private final Podman podman;
    private final String alloc;
    private final Job.Task task;
    private final TaskEnv env;
    private final AllocDir dir;
    private final RunDirs starts;
    private final TaskProcess.Logs logs;
    /** As Nomad's plugin names it. */
    private final String container;

    private final Path folder;

    PodmanTask(
            Surroundings around,
            String alloc,
            Job.Task task,
            TaskEnv env,
            AllocDir dir,
            RunDirs starts,
            TaskProcess.Logs logs) {
        this.around = around;
        this.podman = around.podman();
        this.alloc = alloc;
        this.task = task;
        this.env = env;
        this.dir = dir;
        this.starts = starts;
        this.logs = logs;
        this.container = task.name() + "-" + alloc;
        this.folder = around.containers().resolve(container);
    }

    @Override
    public Optional<TaskProcess> start(CompletableFuture<?> killed, Consumer<String> said)
            throws SetupException, InterruptedException {
        PodmanConfig config = PodmanConfig.of(task, env);
        boolean begun = false;
        try {
            List<String> machine = machine();
            remove();
            Files.createDirectories(around.containers());
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            fetch(config, killed, said);
            create(config, machine, killed);
            TaskProcess process = TaskProcess.start(
                    new TaskProcess.Launch(
                            podman.command(List.of("start", "--attach", "--sig-proxy=true", container)),
                            around.environment(),
                            dir.path(),
                            logs),
                    starts,
                    around);
            awaitStart(process, killed);
            begun = true;
            return Optional.of(process);
        } catch (CancellationException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed(e.getMessage());
        } finally {
            if (!begun) {
                endStart();
                removeForCertain();
            }
        }
    }

    private void endStart() {
        try {
            starts.end();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "start of " + container, e);
        }
    }

    private static SetupException failed(String why) {
        return new SetupException(Kind.DRIVER, "rpc error: code = Unknown desc = failed to start task, " + why);
    }

    private List<String> machine() throws SetupException, InterruptedException {
        return switch (podman.seen()) {
            case Podman.Look.Works(var options, var attributes) -> options;
            case Podman.Look.Fails(boolean isThere, String why) -> throw failed("podman cannot be used: " + why);
        };
    }

    private void fetch(PodmanConfig config, CompletableFuture<?> killed, Consumer<String> said)
            throws IOException, SetupException, InterruptedException {
        if (!config.pullsAlways() && isThere(config.image(), killed)) {
            return;
        }
        ReentrantLock pulling = podman.pulling(config.image()); // several at once would fetch the same several times
        while (!pulling.tryLock(POLL.toMillis(), TimeUnit.MILLISECONDS)) {
            if (killed.isDone()) {
                throw new CancellationException();
            }
        }
        try {
            if (config.pullsAlways() || !isThere(config.image(), killed)) {
                said.accept("Pulling image " + config.image());
                pull(config, killed);
            }
        } finally {
            pulling.unlock();
        }
    }

    private boolean isThere(String image, CompletableFuture<?> killed) throws IOException, InterruptedException {
        return podman.run(List.of("image", "exists", image), marks(), CREATION, killed)
                .ok();
    }

    private void pull(PodmanConfig config, CompletableFuture<?> killed)
            throws IOException, SetupException, InterruptedException {
        String image = config.image();
        List<String> words = new ArrayList<>(List.of("pull", "--quiet", "--tls-verify=" + config.verifiesTls()));
        Path secret = folder.resolve("auth.json");
        if (config.credentials().isPresent()) {
            String encoded = Base64.getEncoder()
                    .encodeToString(config.credentials().get().getBytes(StandardCharsets.UTF_8));
            Files.writeString(
                    secret,
                    Json.object("auths", Map.of(registry(image), Map.of("auth", encoded)))
                            .toString());
            words.addAll(List.of("--authfile", secret.toString()));
        }
        words.add(image);
        try {
            Podman.Result pulled =
                    podman.run(words, marks(), config.pullTimeout().orElseThrow(), killed);
            if (!pulled.ok()) {
                throw failed("unable to pull image %s : %s".formatted(image, pulled.complaint()));
            }
        } finally {
            Files.deleteIfExists(secret);
        }
    }

    /** Where a name without one is looked for, the credentials of Docker Hub are taken. */
    private static String registry(String image) {
        String first = image.split("/", 2)[0];
        boolean isHost = image.contains("/") && (first.matches(".*[.:].*") || first.equals("localhost"));
        return isHost ? first : "docker.io";
    }

    private void create(PodmanConfig config, List<String> machine, CompletableFuture<?> killed)
            throws IOException, SetupException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(
                "create",
                "--name",
                container,
                "--pull",
                "never",
                "--log-driver",
                "none",
                "--http-proxy=false",
                "--pidfile",
                pidFile().toString(),
                "--label",
                "com.hashicorp.nomad.alloc_id=" + alloc));
        Map<String, String> inEnvironment = new TreeMap<>(marks());
        StringBuilder lines = new StringBuilder();
        env.own().forEach((name, value) -> {
            if (value.length() > LINE || value.indexOf('\n') >= 0 || value.indexOf('\r') >= 0) {
                inEnvironment.put(name, value);
                words.addAll(List.of("--env", name));
            } else {
                lines.append(name).append('=').append(value).append('\n');
            }
        });
        Path variables = folder.resolve("env");
        Files.writeString(variables, lines);
        words.addAll(List.of("--env-file", variables.toString()));
        words.addAll(config.words(
                machine,
                dir,
                Runtime.getRuntime().availableProcessors(),
                around.node().capacity().cpu()));
        try {
            Podman.Result created = podman.run(words, inEnvironment, CREATION, killed);
            if (!created.ok()) {
                throw failed("could not create container: " + created.complaint());
            }
        } finally {
            Files.deleteIfExists(variables);
        }
    }

    /** By which {@link Leftovers} finds commands of an agent that is gone. */
    private Map<String, String> marks() {
        return Map.of("NOMAD_ALLOC_DIR", dir.shared().toString(), "NOMAD_TASK_NAME", task.name());
    }

    private Path pidFile() {
        return folder.resolve("pid");
    }

    /** @throws SetupException if it did not come to run */
    private void awaitStart(TaskProcess process, CompletableFuture<?> killed)
            throws IOException, SetupException, InterruptedException {
        while (containerPid().isEmpty() && !killed.isDone()) {
            if (process.exit().isDone()) {
                if (inspect().map(PodmanTask::neverStarted).orElse(true)) {
                    throw failed("could not start container: " + lastWords());
                }
                return; // it has ended already
            }
            Thread.sleep(POLL);
        }
    }

    private Optional<Long> containerPid() throws IOException {
        try {
            String text = Files.readString(pidFile()).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(Long.parseLong(text));
        } catch (NoSuchFileException e) {
            return Optional.empty(); // not yet, or not any more
        }
    }

    /** The last line of the error log, which podman writes to where the container would. */
    private String lastWords() throws IOException {
        var files = LogFiles.list(logs.directory(), logs.task(), "stderr");
        return files.isEmpty()
                ? "podman did not say why"
                : Podman.complaint(Files.readString(files.getLast().path(), StandardCharsets.ISO_8859_1))
                        .orElse("podman did not say why");
    }

    /** Podman's view of the container; empty if there is none. */
    private Optional<JsonNode> inspect() throws IOException, InterruptedException {
        Podman.Result inspected = podman.run(List.of("container", "inspect", container)); // a list of one
        return inspected.ok()
                ? Optional.of(Json.MAPPER.readTree(inspected.out()).path(0))
                : Optional.empty();
    }

    /** Go's zero for a time. */
    private static boolean neverStarted(JsonNode seen) {
        return seen.at("/State/StartedAt").asText().startsWith("0001-");
    }

    @Override
    public int politeSignal() {
        return Signals.TERM;
    }

    @Override
    public void kill(TaskProcess running) throws InterruptedException {
        try {
            Podman.Result killed = podman.run(List.of("kill", "--signal", "KILL", container));
            if (killed.ok()) {
                running.exit().get(END.toNanos(), TimeUnit.NANOSECONDS);
                return;
            }
            LOG.log(Level.WARNING, "container {0}: {1}", container, killed.complaint());
        } catch (IOException | ExecutionException | TimeoutException e) {
            LOG.log(Level.WARNING, "container " + container + " not killed", e);
        }
        running.kill(); // only what is attached to it; the container itself is removed at its end
    }

    @Override
    public Optional<ProcessId> main(TaskProcess running) throws IOException {
        Optional<Long> pid = containerPid();
        return pid.isPresent() ? ProcessId.of(pid.get()) : Optional.empty();
    }

    @Override
    public Exit ended(Exit process) throws InterruptedException {
        boolean oomKilled = false;
        try {
            oomKilled = wasOomKilled(process);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "end of container " + container, e);
        }
        removeForCertain();
        if (oomKilled) {
            return new Exit(process.code(), 0, "Podman container killed by OOM killer", true);
        }
        return new Exit(process.code(), 0, process.message(), false); // Nomad's plugin tells no signals
    }

    /** Podman does not notice it with the control groups of version 1 in every case; the kernel always notes it. */
    private boolean wasOomKilled(Exit process) throws IOException, InterruptedException {
        Optional<JsonNode> seen = inspect();
        if (seen.isEmpty()) {
            return false;
        }
        return seen.get().at("/State/OOMKilled").asBoolean()
                || process.code() == 128 + Signals.KILL && KernelLog.tellsOfOom(Json.text(seen.get(), "Id"));
    }

    /** Whoever starts it again removes it first, or fails: so nothing is lost if it stays for now. */
    @Override
    public void end() {
        try {
            remove();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "container " + container + " not removed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void removeForCertain() throws InterruptedException {
        for (int attempt = 1; attempt <= REMOVAL_TRIES; attempt++) {
            try {
                remove();
                return;
            } catch (IOException e) {
                LOG.log(Level.WARNING, "container " + container + " not removed, try " + attempt, e);
            }
        }
        LOG.log(Level.ERROR, "container {0} is left; the next start of the agent removes it", container);
    }

    private void remove() throws IOException, InterruptedException {
        podman.remove(folder);
    }

    /** Removes containers that an agent before this one has left. @param kept says of an allocation that its runner sees to it */
    static void sweep(Surroundings around, Predicate<String> kept) throws IOException, InterruptedException {
        if (!Files.isDirectory(around.containers())) {
            return;
        }
        List<Path> folders;
        try (var entries = Files.list(around.containers())) {
            folders = entries.toList();
        }
        for (Path folder : folders) {
            String name = folder.getFileName().toString();
            if (!kept.test(name.substring(Math.max(0, name.length() - ID_LENGTH)))) {
                try {
                    around.podman().remove(folder);
                } catch (IOException e) {
                    LOG.log(
                            Level.WARNING,
                            "container " + name + " is left; the next start of the agent tries again",
                            e);
                }
            }
        }
    }
}
