// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A task that runs: in a session of its own, below a supervisor that notes its exit status. */
final class TaskProcess {
    private static final Duration REST_OF_THE_OUTPUT = Duration.ofSeconds(2);
    private static final Duration POLL = Duration.ofMillis(100);

    /**
     * What to start.
     *
     * @param command resolved to a file, with its arguments
     */
    record Launch(List<String> command, Map<String, String> environment, Path workDirectory, RunDir run, Logs logs) {}

    /** Where the output goes. */
    record Logs(Path directory, String task, long maxBytes, int maxFiles) {
        LogFiles.Writer writer(String stream) throws IOException {
            return new LogFiles.Writer(directory, task, stream, maxBytes, maxFiles);
        }
    }

    private final ProcessId id;
    private final RunDir run;
    private final List<LogPump> pumps;
    private final CompletableFuture<Exit> exit = new CompletableFuture<>();

    private TaskProcess(ProcessId id, RunDir run, List<LogPump> pumps) {
        this.id = id;
        this.run = run;
        this.pumps = pumps;
    }

    static TaskProcess start(Launch launch, Tools tools) throws IOException {
        launch.run().reset();
        List<String> command = new ArrayList<>(List.of(
                tools.setsid(),
                tools.shell(),
                tools.supervisor(),
                launch.run().path().toString(),
                tools.env(),
                tools.setsid()));
        command.addAll(launch.command());
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(launch.workDirectory().toFile())
                .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                .redirectError(Redirect.appendTo(
                        launch.run().path().resolve("supervisor.log").toFile()));
        builder.environment().clear();
        builder.environment().putAll(launch.environment());
        Process supervisor = builder.start();
        String stat;
        try (BufferedReader told = new BufferedReader(
                new java.io.InputStreamReader(supervisor.getInputStream(), StandardCharsets.UTF_8))) {
            stat = told.readLine();
        }
        if (stat == null) {
            throw new IOException("the supervisor did not start the task; see "
                    + launch.run().path().resolve("supervisor.log"));
        }
        TaskProcess task = new TaskProcess(ProcessId.parse(stat), launch.run(), pumps(launch.run(), launch.logs()));
        var unused = supervisor.onExit().thenRunAsync(task::ended, Thread::startVirtualThread);
        return task;
    }

    private static List<LogPump> pumps(RunDir run, Logs logs) throws IOException {
        return List.of(
                new LogPump(run.stdout(), logs.writer("stdout")), new LogPump(run.stderr(), logs.writer("stderr")));
    }

    /**
     * A task that an earlier agent started.
     *
     * @return empty if none was started; a task that has ended meanwhile is returned with its exit known
     */
    static Optional<TaskProcess> find(RunDir run, Logs logs) throws IOException {
        Optional<ProcessId> started = run.started();
        if (started.isEmpty()) {
            return Optional.empty();
        }
        TaskProcess task = new TaskProcess(started.get(), run, pumps(run, logs));
        Thread.startVirtualThread(task::waitForStranger);
        return Optional.of(task);
    }

    private void waitForStranger() {
        try {
            while (run.exit().isEmpty() && id.alive()) {
                Thread.sleep(POLL);
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
            while (run.exit().isEmpty() && System.nanoTime() < deadline) {
                Thread.sleep(POLL); // the supervisor is about to write it
            }
        } catch (IOException e) {
            exit.completeExceptionally(e);
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        ended();
    }

    /** The main process is gone; so is then everything else in its group, and the output is complete. */
    private void ended() {
        Libc.kill(-id.pid(), Signals.KILL);
        try {
            for (LogPump pump : pumps) {
                pump.drain(REST_OF_THE_OUTPUT);
                pump.close();
            }
            exit.complete(run.exit().map(Exit::ofStatus).orElse(Exit.UNKNOWN));
        } catch (IOException e) {
            exit.completeExceptionally(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            exit.completeExceptionally(e);
        }
    }

    ProcessId id() {
        return id;
    }

    CompletableFuture<Exit> exit() {
        return exit;
    }

    void signal(int number) {
        Libc.kill(id.pid(), number);
    }

    /** The hard end of everything in the task's process group. */
    void kill() {
        Libc.kill(-id.pid(), Signals.KILL);
    }
}
