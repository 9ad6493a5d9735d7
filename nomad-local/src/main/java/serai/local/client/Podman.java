// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import serai.local.doc.Json;

/** The program podman of this machine: whether containers can be run with it, and with which options. */
public final class Podman {
    /** The variable that keeps it from being offered: {@code auto}, which is the default, or {@code off}. */
    public static final String VARIABLE = "SERAI_LOCAL_PODMAN";

    private static final System.Logger LOG = System.getLogger(Podman.class.getName());
    private static final Duration ANSWER = Duration.ofSeconds(60);
    private static final Pattern FILES = Pattern.compile("(?m)^Max open files\\s+\\S+\\s+(\\d+)");
    /** Limits that a container gets where podman's own are above what this machine allows. */
    private static final String PROCESSES = "nproc=32768:32768";

    private static final List<String> SMALL = List.of("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024");

    private final boolean asked;
    private final Path data;
    private final Map<String, String> environment;
    private final CompletableFuture<Look> look = new CompletableFuture<>();
    private final Map<String, ReentrantLock> pulling = new ConcurrentHashMap<>();

    /** What was seen of it. */
    sealed interface Look {
        /**
         * Containers run.
         *
         * @param options that every container needs on this machine
         * @param attributes of the driver, as Nomad's plugin names them
         */
        record Works(List<String> options, Map<String, String> attributes) implements Look {}

        /** @param isThere the program is, and does not run a container */
        record Fails(boolean isThere, String why) implements Look {}
    }

    /** What a command of it came to. */
    record Result(int status, String out, String err) {
        boolean ok() {
            return status == 0;
        }

        /** The last line of the complaint, without the word that starts it. */
        String complaint() {
            return Podman.complaint(err).orElse("exit status " + status);
        }
    }

    static Optional<String> complaint(String err) {
        List<String> lines = err.lines().filter(line -> !line.isBlank()).toList();
        return lines.isEmpty() ? Optional.empty() : Optional.of(lines.getLast().replaceFirst("^Error: ", ""));
    }

    /** @param setting {@link #VARIABLE}'s value; empty for its default */
    public Podman(Optional<String> setting, Path data, Map<String, String> environment) throws IOException {
        String word = setting.orElse("").strip().toLowerCase(Locale.ROOT);
        if (!List.of("", "auto", "off").contains(word)) {
            throw new IOException("%s is \"%s\"; it can be auto or off".formatted(VARIABLE, setting.orElse("")));
        }
        this.asked = !word.equals("off");
        this.data = data;
        this.environment = environment;
    }

    /** It is to be offered where it works. */
    public boolean isAsked() {
        return asked;
    }

    /** Tries to run a container, which takes up to some seconds. Once; whoever needs the outcome waits for it. */
    public void look() throws InterruptedException {
        try {
            look.complete(tried());
        } catch (IOException e) {
            look.complete(new Look.Fails(true, e.getMessage()));
        } finally {
            look.complete(new Look.Fails(false, "the agent ends"));
        }
    }

    /** @return what was seen, after {@link #look} has ended */
    Look seen() throws InterruptedException {
        if (!asked) {
            return new Look.Fails(false, VARIABLE + " is off");
        }
        try {
            return look.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The node's document with what was seen: the driver's entry, and the node's attributes. After {@link #look} only. */
    public ObjectNode shown(ObjectNode node, Instant now) {
        Map<String, String> attributes = new TreeMap<>();
        ObjectNode driver = switch (look.resultNow()) {
            case Look.Works(var options, var own) -> {
                attributes.put("driver.podman", "1");
                attributes.putAll(own);
                Map<String, String> all = new TreeMap<>(own);
                all.put("driver.podman", "true");
                yield Fingerprint.driver(all, true, true, "All Podman sockets are responding.", now);
            }
            case Look.Fails(boolean isThere, String why) ->
                Fingerprint.driver(Map.of("driver.podman", "false"), isThere, false, why, now);
        };
        ObjectNode allAttributes = ((ObjectNode) node.get("Attributes")).deepCopy();
        allAttributes.properties().removeIf(entry -> entry.getKey().startsWith("driver.podman"));
        attributes.forEach(allAttributes::put);
        ObjectNode drivers = Json.with((ObjectNode) node.get("Drivers"), PodmanTask.NAME, driver);
        return Json.with(node, "Attributes", allAttributes, "Drivers", drivers);
    }

    private Look tried() throws IOException, InterruptedException {
        if (program("podman").isEmpty()) {
            return new Look.Fails(false, "the program podman is not on this machine");
        }
        Result info = run(List.of("info", "--format", "json"));
        if (!info.ok()) {
            return new Look.Fails(true, "podman info: " + info.complaint());
        }
        JsonNode host = Json.MAPPER.readTree(info.out());
        Path trials = Files.createDirectories(data.resolve("podman-trials"));
        try (var left = Files.newDirectoryStream(trials)) {
            for (Path folder : left) { // of an agent that was killed meanwhile
                remove(folder);
            }
        }
        Path trial = Files.createDirectory(trials.resolve("trial-" + UUID.randomUUID()));
        try {
            Result last = info;
            for (List<String> options : candidates()) {
                try {
                    last = run(trial(options, trial));
                } catch (IOException e) { // it hangs; another may not
                    LOG.log(Level.WARNING, "podman with " + options, e);
                    continue;
                }
                if (last.ok()) {
                    return new Look.Works(options, attributes(host));
                }
                LOG.log(Level.DEBUG, "podman with {0}: {1}", options, last.complaint());
            }
            return new Look.Fails(true, "podman runs no container: " + last.complaint());
        } finally {
            try {
                remove(trial);
            } catch (IOException e) { // the next start does it
                LOG.log(Level.WARNING, "a trial of podman is left", e);
            }
        }
    }

    /**
     * Removes a container, whether it runs or not, and then its folder. Without a folder there is no container.
     *
     * @param folder that has the container's name
     */
    void remove(Path folder) throws IOException, InterruptedException {
        if (!Files.exists(folder)) {
            return;
        }
        Result removed = run(List.of(
                "rm",
                "--force",
                "--ignore",
                "--volumes",
                "--time",
                "0",
                folder.getFileName().toString()));
        if (!removed.ok()) {
            throw new IOException("podman rm: " + removed.complaint());
        }
        AllocDir.delete(folder);
    }

    /** In this order: what podman would do unasked is best, then what deviates least from it. */
    private List<List<String>> candidates() throws IOException {
        Matcher files = FILES.matcher(Files.readString(Path.of("/proc/self/limits")));
        String most = files.find() ? files.group(1) : "1024";
        List<List<String>> limits = List.of(
                List.of(), List.of("--ulimit", "nofile=%s:%s".formatted(most, most), "--ulimit", PROCESSES), SMALL);
        List<List<String>> runtimes =
                program("runc").isPresent() ? List.of(List.of(), List.of("--runtime", "runc")) : List.of(List.of());
        return runtimes.stream()
                .flatMap(runtime -> limits.stream()
                        .map(limit ->
                                Stream.concat(runtime.stream(), limit.stream()).toList()))
                .toList();
    }

    /** Of an image that nobody has to fetch: an empty directory, with the machine's own programs bound in. */
    private static List<String> trial(List<String> options, Path root) {
        List<String> command = new ArrayList<>(
                List.of("run", "--rm", "--replace", "--name", root.getFileName().toString()));
        command.addAll(options);
        command.addAll(List.of("--network", "none", "--log-driver", "none", "--memory", "64m", "--cpu-shares", "100"));
        for (String directory : List.of("/usr", "/bin", "/lib", "/lib64")) {
            if (Files.isDirectory(Path.of(directory))) {
                command.addAll(List.of("--volume", directory + ":" + directory + ":ro"));
            }
        }
        command.addAll(List.of("--rootfs", root.toString(), "/usr/bin/env"));
        return command;
    }

    private static Map<String, String> attributes(JsonNode info) {
        JsonNode host = info.path("host");
        JsonNode security = host.path("security");
        Map<String, String> all = new TreeMap<>();
        all.put("driver.podman.version", info.at("/version/Version").asText());
        all.put("driver.podman.health", "healthy");
        all.put("driver.podman.cgroupVersion", host.path("cgroupVersion").asText());
        all.put("driver.podman.ociRuntime", host.at("/ociRuntime/path").asText());
        all.put("driver.podman.rootless", security.path("rootless").asText());
        all.put("driver.podman.appArmor", security.path("apparmorEnabled").asText());
        all.put("driver.podman.seccompEnabled", security.path("seccompEnabled").asText());
        all.put("driver.podman.selinuxEnabled", security.path("selinuxEnabled").asText());
        all.put("driver.podman.capabilities", security.path("capabilities").asText());
        return all;
    }

    /** In the agent's PATH, since that is where whoever installed it would look, and where root's programs are. */
    private Optional<Path> program(String name) {
        String path = environment.getOrDefault("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin";
        return Stream.of(path.split(":", -1))
                .filter(directory -> directory.startsWith("/"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** The words of a command, for whoever starts it. */
    List<String> command(List<String> words) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(program("podman")
                .orElseThrow(() -> new IOException("the program podman is not on this machine"))
                .toString());
        command.addAll(words);
        return command;
    }

    /** Held by whoever fetches the image. */
    ReentrantLock pulling(String image) {
        return pulling.computeIfAbsent(image, key -> new ReentrantLock());
    }

    Result run(List<String> words) throws IOException, InterruptedException {
        return run(words, Map.of(), ANSWER, new CompletableFuture<>());
    }

    /**
     * Runs a command to its end.
     *
     * @param marks added to its environment
     * @param cancelled ends it at once
     * @throws CancellationException if it was ended so
     * @throws IOException if it could not be started or did not end in time; it is gone then
     */
    Result run(List<String> words, Map<String, String> marks, Duration patience, CompletableFuture<?> cancelled)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command(words))
                .redirectInput(Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().putAll(marks);
        Process process = builder.start();
        try {
            Future<String> out = text(process.getInputStream());
            Future<String> err = text(process.getErrorStream());
            CompletableFuture.anyOf(process.onExit(), cancelled).get(patience.toNanos(), TimeUnit.NANOSECONDS);
            if (process.isAlive()) {
                throw new CancellationException();
            }
            return new Result(process.exitValue(), out.get(), err.get());
        } catch (TimeoutException e) {
            throw new IOException(
                    "podman %s did not end within %d s".formatted(words.getFirst(), patience.toSeconds()), e);
        } catch (ExecutionException e) {
            throw new IOException("podman " + words.getFirst() + ": " + e.getCause(), e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static Future<String> text(InputStream stream) {
        FutureTask<String> text = new FutureTask<>(() -> {
            try (stream) {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            }
        });
        Thread.startVirtualThread(text);
        return text;
    }
}
