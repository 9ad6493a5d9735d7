// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import serai.local.client.TaskRunner.Kill;
import serai.local.control.RefusedException;
import serai.local.control.Report;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.state.Alloc;
import serai.local.state.UnwritableException;

/** Runs the tasks of one allocation and says how they are. */
final class AllocRunner {
    private static final System.Logger LOG = System.getLogger(AllocRunner.class.getName());

    private final Surroundings around;
    private final Alloc alloc;
    private final Job.Group group;
    private final List<TaskRunner> tasks;
    private final BiConsumer<String, Report> reports;
    private final ReentrantLock reporting = new ReentrantLock();
    /** There was no room for the last report, and the alarm makes it again. Guarded by {@link #reporting}. */
    private boolean owed;

    private final CountDownLatch ended;

    AllocRunner(Surroundings around, Alloc alloc, BiConsumer<String, Report> reports) {
        this.around = around;
        this.alloc = alloc;
        this.reports = reports;
        this.group = alloc.job().group(alloc.group()).orElseThrow();
        this.tasks = group.tasks().stream()
                .map(task -> new TaskRunner(around, alloc, group, task, known(task), this::changed))
                .toList();
        this.ended = new CountDownLatch(tasks.size());
    }

    private TaskState known(Job.Task task) {
        JsonNode stored = alloc.taskStates().path(task.name());
        return stored.isObject() ? new TaskState((ObjectNode) stored) : TaskState.initial();
    }

    String id() {
        return alloc.id();
    }

    void start() {
        for (TaskRunner task : tasks) {
            run(task, Optional.empty());
        }
    }

    /** Goes on with what an earlier agent started; tasks that it did not come to start are started now. */
    void resume() throws IOException {
        for (TaskRunner task : tasks) {
            if (task.state().isDead()) {
                ended.countDown();
                continue;
            }
            run(task, found(task));
        }
        if (ended.getCount() == 0) {
            changed(tasks.getFirst());
        }
    }

    private Optional<TaskProcess> found(TaskRunner task) throws IOException {
        try {
            Optional<TaskProcess> found = task.isBetweenStarts()
                    ? Optional.empty()
                    : TaskProcess.find(around.runDirs(alloc.id(), task.name()), task.logs());
            if (found.isPresent()) {
                return found;
            }
        } catch (IOException e) {
            LOG.log(Level.ERROR, "task " + task.name() + " of " + alloc.id() + " cannot be found again", e);
        }
        task.endEverything(); // there must never be two of it
        return Optional.empty();
    }

    private void run(TaskRunner task, Optional<TaskProcess> adopted) {
        Thread.ofVirtual().name("task " + task.name() + " of " + alloc.id()).start(() -> {
            try {
                around.allocDir(alloc.id()).create();
                task.run(adopted);
            } catch (IOException e) {
                LOG.log(Level.ERROR, "directory of " + alloc.id(), e);
            } finally {
                ended.countDown();
            }
        });
    }

    /** @param delayed the shutdown delay is kept */
    void kill(boolean delayed) {
        for (TaskRunner task : tasks) {
            Duration delay = task.shutdownDelay().compareTo(group.shutdownDelay()) > 0
                    ? task.shutdownDelay()
                    : group.shutdownDelay();
            task.kill(new Kill(delayed ? delay : Duration.ZERO, Optional.empty()));
        }
    }

    /** @return false if a task is still there after {@code patience} */
    boolean awaitEnd(Duration patience) throws InterruptedException {
        return ended.await(patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    TaskRunner task(String name) {
        return tasks.stream()
                .filter(task -> task.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new RefusedException(500, "Task not found"));
    }

    List<TaskRunner> tasks() {
        return tasks;
    }

    /** A report that is not written now is made again, as it is then; its tasks go on meanwhile. */
    private void changed(TaskRunner task) {
        if (task.state().failed()) {
            tasks.stream()
                    .filter(sibling -> sibling != task)
                    .forEach(sibling -> sibling.kill(new Kill(Duration.ZERO, Optional.of(task.name()))));
        }
        reporting.lock();
        try {
            if (!owed) {
                around.alarm().untilWritten("the report on allocation " + alloc.id(), this::report);
            }
        } finally {
            reporting.unlock();
        }
    }

    /** The reports of an allocation are made one after the other, so that the last is the latest. */
    private void report() {
        reporting.lock();
        try {
            owed = false;
            ObjectNode states = Json.object();
            tasks.forEach(t -> states.set(t.name(), t.state().doc()));
            reports.accept(alloc.id(), report(states));
        } catch (UnwritableException e) {
            owed = true;
            throw e;
        } finally {
            reporting.unlock();
        }
    }

    private Report report(ObjectNode states) {
        if (tasks.stream().allMatch(t -> t.state().isDead())) {
            return tasks.stream().anyMatch(t -> t.state().failed())
                    ? new Report("failed", "Failed tasks", states)
                    : new Report("complete", "All tasks have completed", states);
        }
        return tasks.stream().anyMatch(t -> t.state().isRunning())
                ? new Report("running", "Tasks are running", states)
                : new Report("pending", "No tasks have started", states);
    }
}
