// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
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

    static TaskProcess start(Launch launch, Surroundings around) throws IOException {
        RunDir run = launch.run();
        run.reset();
        LaunchScript.write(run.launch(), launch, around.tools().setsid(), around.environment());
        Supervisors.Begun begun = around.supervisors().begin(run);
        TaskProcess task = new TaskProcess(begun.task(), run, pumps(run, launch.logs()));
        var _ = begun.supervisor().onExit().thenRunAsync(task::ended, Thread::startVirtualThread);
        around.supervisors().refill();
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
