// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import serai.local.client.RestartTracker.GiveUp;
import serai.local.client.RestartTracker.Restart;
import serai.local.client.SetupException.Kind;
import serai.local.client.Templates.MissingVariableException;
import serai.local.control.RefusedException;
import serai.local.job.Job;
import serai.local.state.Alloc;

/** The life of one task, from its directory to its last restart. Runs on a thread of its own; is told to end from others. */
final class TaskRunner {
    private static final System.Logger LOG = System.getLogger(TaskRunner.class.getName());
    /** Nomad's default for a client; a longer kill timeout is cut to it. */
    private static final Duration MAX_KILL_TIMEOUT = Duration.ofSeconds(30);

    private final Surroundings around;
    private final String alloc;
    private final Job job;
    private final Job.Task task;
    private final AllocDir dir;
    private final RunDirs starts;
    private final TaskEnv env;
    private final TaskSetup setup;
    private final TaskDriver driver;
    private final RestartTracker restarts;
    private final Consumer<TaskRunner> changed;

    private final CompletableFuture<Kill> kill = new CompletableFuture<>();
    private final Usage usage = new Usage();
    private volatile TaskState state;
    private volatile TaskProcess process;
    private volatile boolean restartAsked;
    private boolean prepared;

    /** @param delay the shutdown delay to keep before the signal */
    record Kill(Duration delay, Optional<String> failedSibling) {}

    TaskRunner(
            Surroundings around,
            Alloc alloc,
            Job.Group group,
            Job.Task task,
            TaskState state,
            Consumer<TaskRunner> changed) {
        this.around = around;
        this.job = alloc.job();
        this.task = task;
        this.dir = around.allocDir(alloc.id());
        this.alloc = alloc.id();
        this.starts = around.runDirs(alloc.id(), task.name());
        this.env = new TaskEnv(alloc, group, task, around.node(), dir, around.environment(), around.devices());
        this.setup = new TaskSetup(around, dir, task, env, alloc.namespace());
        this.driver = task.driver().equals(PodmanTask.NAME)
                ? new PodmanTask(around, alloc.id(), task, env, dir, starts, logs())
                : new RawExec(around, task, env, dir, starts, logs());
        this.restarts = new RestartTracker(task.doc().path("RestartPolicy"), around.random());
        this.state = state;
        this.changed = changed;
    }

    String name() {
        return task.name();
    }

    TaskState state() {
        return state;
    }

    /** Its last process has ended and was accounted for, and the next one has not been started. */
    boolean isBetweenStarts() throws IOException {
        Optional<RunDir> last = starts.begun();
        return state.isToBeRestarted() && last.isPresent() && last.get().exit().isPresent();
    }

    Duration shutdownDelay() {
        return task.shutdownDelay();
    }

    /** Has the task end for good. A second call changes nothing. */
    void kill(Kill how) {
        kill.complete(how);
    }

    /** By process ID; empty while nothing of it runs. */
    Map<Long, Usage.Figures> usage() throws IOException {
        TaskProcess running = process;
        if (running == null) {
            return Map.of();
        }
        Optional<ProcessId> main = driver.main(running);
        return main.isPresent() ? usage.of(main.get()) : Map.of();
    }

    void signal(String name) {
        TaskProcess running = process;
        if (running == null) {
            throw new RefusedException(500, "Task not running");
        }
        event(TaskEvent.signaled(name));
        changed.accept(this);
        // as in Nomad, raw_exec delivers an interrupt for a name that it does not know
        running.signal(Signals.number(name).orElse(Signals.INT));
    }

    void restart() {
        TaskProcess running = process;
        if (running == null) {
            throw new RefusedException(500, "Task not running");
        }
        event(TaskEvent.restartSignaled());
        restartAsked = true;
        terminate(running);
    }

    /** @param adopted a task that an earlier agent started */
    void run(Optional<TaskProcess> adopted) {
        try {
            prepared = adopted.isPresent();
            if (!prepared) {
                event(TaskEvent.received());
            }
            lifecycle(adopted);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the agent goes; the next one finds the task again
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "task " + starts.path(), e);
            event(TaskEvent.failure(new SetupException(Kind.SETUP, e.toString())));
            dead(true);
        }
    }

    private void lifecycle(Optional<TaskProcess> adopted) throws InterruptedException {
        Optional<TaskProcess> next = adopted;
        while (true) {
            boolean failed;
            boolean hopeless = false;
            try {
                Optional<TaskProcess> running = next.isPresent() ? next : start();
                if (running.isEmpty()) {
                    dead(false); // told to end before it began
                    return;
                }
                failed = await(running.get());
            } catch (SetupException e) {
                event(TaskEvent.failure(e));
                failed = true;
                hopeless = !e.kind.mayPass;
            }
            next = Optional.empty();
            if (kill.isDone()) {
                event(TaskEvent.killed());
                dead(false);
                return;
            }
            if (restartAsked) {
                restartAsked = false;
                event(TaskEvent.restarting("", Duration.ZERO));
                update(state.restarting(now()));
            } else if (!failed) {
                dead(false);
                return;
            } else if (hopeless) {
                event(TaskEvent.notRestarting("Error was unrecoverable"));
                dead(true);
                return;
            } else if (!restartLater()) {
                return;
            }
        }
    }

    /** @return empty if the task was told to end meanwhile */
    private Optional<TaskProcess> start() throws SetupException, InterruptedException {
        try {
            prepare();
            if (!render() || kill.isDone()) {
                return Optional.empty();
            }
            Optional<TaskProcess> started = driver.start(kill, this::tell);
            process = started.orElse(null);
            return started;
        } catch (IOException e) {
            throw new SetupException(
                    Kind.DRIVER,
                    "failed to launch command with executor: rpc error: code = Unknown desc = " + e.getMessage());
        }
    }

    private void tell(String message) {
        event(TaskEvent.driver(message));
        changed.accept(this);
    }

    /** Once for an allocation, however often its task is started again. */
    private void prepare() throws IOException, SetupException, InterruptedException {
        if (prepared) {
            return;
        }
        event(TaskEvent.setup());
        dir.create(task.name());
        if (setup.hasArtifacts()) {
            event(TaskEvent.downloading());
            setup.fetch();
        }
        prepared = true;
    }

    /** Waits for the variables that templates read. @return false if the task was told to end meanwhile */
    private boolean render() throws SetupException, InterruptedException {
        String told = "";
        while (!kill.isDone()) {
            long index = around.store().read(tables -> tables.index());
            try {
                setup.render();
                return true;
            } catch (MissingVariableException e) {
                if (!told.equals(e.path)) {
                    told = e.path;
                    event(TaskEvent.waitingForTemplate(e.getMessage()));
                    changed.accept(this);
                    index = around.store().read(tables -> tables.index());
                }
                around.store().await(index, Duration.ofSeconds(1));
            }
        }
        return false;
    }

    TaskProcess.Logs logs() {
        return new TaskProcess.Logs(dir.logs(), task.name(), task.logFileBytes(), task.logFiles());
    }

    /** @return true if the end counts as a failure */
    private boolean await(TaskProcess running) throws InterruptedException {
        process = running;
        if (!state.isRunning()) { // its agent went before it could say so
            event(TaskEvent.started());
            update(state.running(now()));
        }
        changed.accept(this);
        CompletableFuture.anyOf(running.exit(), kill).exceptionally(e -> null).join();
        if (kill.isDone() && !running.exit().isDone()) {
            carryOut(kill.join(), running);
        }
        Exit exit = driver.ended(exit(running));
        process = null;
        endLeftovers();
        event(TaskEvent.terminated(exit));
        return !(job.isBatch() && exit.code() == 0);
    }

    private void endLeftovers() {
        try {
            around.leftovers().end(alloc, task.name());
        } catch (IOException e) {
            LOG.log(Level.WARNING, "processes of " + starts.path(), e);
        }
    }

    /** Has nothing of it run any more that an earlier agent started. */
    void endEverything() throws IOException {
        starts.end();
        around.leftovers().end(alloc, task.name());
        driver.end();
    }

    private Exit exit(TaskProcess running) throws InterruptedException {
        try {
            return running.exit().get();
        } catch (ExecutionException e) {
            LOG.log(Level.WARNING, "exit status of " + starts.path(), e);
            return Exit.UNKNOWN;
        }
    }

    private void carryOut(Kill how, TaskProcess running) throws InterruptedException {
        how.failedSibling().ifPresent(sibling -> event(TaskEvent.siblingFailed(sibling)));
        event(TaskEvent.killing(killTimeout()));
        if (how.delay().isPositive()) {
            event(TaskEvent.shutdownDelay(how.delay()));
            changed.accept(this);
            ended(running, how.delay());
        }
        changed.accept(this);
        terminate(running);
    }

    /** The polite signal, then the hard one for all that is left of the group. */
    private void terminate(TaskProcess running) {
        try {
            running.signal(Signals.number(task.killSignal()).orElse(driver.politeSignal()));
            if (!ended(running, killTimeout())) {
                driver.kill(running);
            }
        } catch (InterruptedException e) {
            running.kill();
            Thread.currentThread().interrupt();
        }
    }

    private static boolean ended(TaskProcess running, Duration patience) throws InterruptedException {
        try {
            running.exit().get(patience.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true;
        }
    }

    private Duration killTimeout() {
        Duration asked = task.killTimeout();
        return asked.compareTo(MAX_KILL_TIMEOUT) > 0 ? MAX_KILL_TIMEOUT : asked;
    }

    /** @return false if there is no next try */
    private boolean restartLater() throws InterruptedException {
        switch (restarts.next(System.nanoTime())) {
            case GiveUp(String reason) -> {
                event(TaskEvent.notRestarting(reason));
                dead(true);
                return false;
            }
            case Restart(Duration delay, String reason) -> {
                event(TaskEvent.restarting(reason, delay));
                update(state.restarting(now()));
                changed.accept(this);
                try {
                    kill.get(delay.toNanos(), TimeUnit.NANOSECONDS);
                    dead(false);
                    return false;
                } catch (TimeoutException e) {
                    return true;
                } catch (ExecutionException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private void dead(boolean failed) {
        update(state.dead(failed, now()));
        changed.accept(this);
    }

    private void event(TaskEvent event) {
        update(state.event(event, now()));
    }

    private synchronized void update(TaskState next) {
        state = next;
    }

    private Instant now() {
        return around.clock().instant();
    }
}
