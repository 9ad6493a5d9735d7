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
    record Launch(List<String> command, Map<String, String> environment, Path workDirectory, Logs logs) {}

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

    /** @throws IOException if it could not be started; nothing of it runs then */
    static TaskProcess start(Launch launch, RunDirs starts, Surroundings around) throws IOException {
        try {
            RunDir run = starts.fresh();
            LaunchScript.write(run.launch(), launch, around.tools().setsid(), around.environment());
            Supervisors.Begun begun = around.supervisors().begin(run);
            TaskProcess task = new TaskProcess(begun.task(), run, pumps(run, launch.logs()));
            var _ = begun.supervisor()
                    .onExit()
                    .thenAcceptAsync(s -> task.ended(Optional.of(s.exitValue())), Thread::startVirtualThread);
            around.supervisors().refill();
            return task;
        } catch (IOException e) {
            starts.end();
            throw e;
        }
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
    static Optional<TaskProcess> find(RunDirs starts, Logs logs) throws IOException {
        Optional<RunDir> run = starts.begun();
        if (run.isEmpty()) {
            return Optional.empty();
        }
        TaskProcess task = new TaskProcess(run.get().started().orElseThrow(), run.get(), pumps(run.get(), logs));
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
        ended(Optional.empty());
    }

    /**
     * The main process is gone; so is then everything else in its group, and the output is complete.
     *
     * @param told the status, for where the disk had no room for it
     */
    private void ended(Optional<Integer> told) {
        Libc.kill(-id.pid(), Signals.KILL);
        try {
            for (LogPump pump : pumps) {
                pump.drain(REST_OF_THE_OUTPUT);
                pump.close();
            }
            exit.complete(run.exit().or(() -> told).map(Exit::ofStatus).orElse(Exit.UNKNOWN));
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
        id.killGroup();
    }
}
