// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import serai.local.client.SetupException.Kind;
import serai.local.job.Job;

/** A process with the rights of the agent, isolated by its session only. */
record RawExec(Surroundings around, Job.Task task, TaskEnv env, AllocDir dir, RunDirs starts, TaskProcess.Logs logs)
        implements TaskDriver {
    static final String NAME = "raw_exec";
    private static final Set<String> OPTIONS = Set.of("command", "args", "work_dir", "denied_envvars");

    @Override
    public Optional<TaskProcess> start(CompletableFuture<?> killed, Consumer<String> said)
            throws SetupException, IOException {
        return Optional.of(TaskProcess.start(launch(), starts, around));
    }

    @Override
    public int politeSignal() {
        return Signals.INT;
    }

    @Override
    public void kill(TaskProcess running) {
        running.kill();
    }

    @Override
    public Optional<ProcessId> main(TaskProcess running) {
        return Optional.of(running.id());
    }

    @Override
    public Exit ended(Exit process) {
        return process;
    }

    @Override
    public void end() {
        // its processes are known by their run directories and their environment, and ended by these
    }

    private TaskProcess.Launch launch() throws SetupException {
        JsonNode config = task.config();
        checkOptions(config);
        Map<String, String> environment = env.all();
        config.path("denied_envvars")
                .forEach(pattern -> environment
                        .keySet()
                        .removeIf(name -> name.matches(pattern.asText().replace("*", ".*"))));
        List<String> command = new ArrayList<>();
        command.add(resolve(env.resolve(config.path("command").asText("")), dir.task(task.name()), environment));
        config.path("args").forEach(arg -> command.add(env.resolve(arg.asText())));
        Path work = config.has("work_dir")
                ? Path.of(env.resolve(config.path("work_dir").asText()))
                : dir.task(task.name());
        return new TaskProcess.Launch(command, environment, work, logs);
    }

    private static void checkOptions(JsonNode config) throws SetupException {
        for (var option : config.properties()) {
            if (!OPTIONS.contains(option.getKey())) {
                throw new SetupException(
                        Kind.VALIDATION,
                        ("2 errors occurred:\n\t* failed to parse config: \n\t* Invalid label: No argument or block type"
                                        + " is named \"%s\".\n\n")
                                .formatted(option.getKey()));
            }
        }
        if (config.path("command").asText("").isEmpty()) {
            throw new SetupException(
                    Kind.VALIDATION,
                    "2 errors occurred:\n\t* failed to parse config: \n\t* Missing required argument: The argument"
                            + " \"command\" is required, but no definition was found.\n\n");
        }
    }

    /** Looks in the task's directories first, then in PATH. */
    private static String resolve(String command, Path taskDirectory, Map<String, String> environment)
            throws SetupException {
        List<Path> candidates = new ArrayList<>();
        if (command.startsWith("/")) {
            candidates.add(Path.of(command));
        } else {
            candidates.add(taskDirectory.resolve("local").resolve(command));
            candidates.add(taskDirectory.resolve(command));
            if (!command.contains("/")) {
                for (String directory :
                        environment.getOrDefault("PATH", "/usr/bin:/bin").split(File.pathSeparator, -1)) {
                    candidates.add(Path.of(directory.isEmpty() ? "." : directory, command));
                }
            }
        }
        return candidates.stream()
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst()
                .map(Path::toString)
                .orElseThrow(() -> new SetupException(
                        Kind.DRIVER,
                        "failed to launch command with executor: rpc error: code = Unknown desc = binary \"%s\" could not be found"
                                .formatted(command)));
    }
}
