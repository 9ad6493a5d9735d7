// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import serai.local.control.Alarm;
import serai.local.control.Instances;
import serai.local.control.Report;
import serai.local.doc.Json;
import serai.local.plan.Node;
import serai.local.state.Alloc;
import serai.local.state.Store;

/** All allocations that run here. */
public final class Client implements Instances {
    private static final System.Logger LOG = System.getLogger(Client.class.getName());
    /** Longer than any kill timeout. */
    private static final Duration LONGEST_END = Duration.ofSeconds(40);

    private final Surroundings around;
    private final Map<String, AllocRunner> runners = new ConcurrentHashMap<>();
    private final BiConsumer<String, Report> reports;
    private final Consumer<String> destroyed;
    private volatile boolean closing;

    /** @param devices where device nodes of stand-ins are; empty for / */
    public Client(
            Path data,
            Store store,
            Tools tools,
            Podman podman,
            Node node,
            Optional<Path> devices,
            InstantSource clock,
            Alarm alarm,
            BiConsumer<String, Report> reports,
            Consumer<String> destroyed) {
        this.destroyed = destroyed;
        this.around = new Surroundings(
                data,
                store,
                tools,
                new Supervisors(tools, data.resolve("supervisors.log")),
                new Artifacts(data.resolve("artifacts")),
                podman,
                node,
                Map.copyOf(System.getenv()),
                devices,
                clock,
                alarm,
                RandomGenerator.of("L64X128MixRandom"));
        this.reports = reports;
        around.supervisors().refill();
    }

    @Override
    public void start(Alloc alloc) {
        if (closing) {
            return; // it stays pending and is started by the next agent
        }
        AllocRunner runner = new AllocRunner(around, alloc, this::report);
        if (runners.putIfAbsent(alloc.id(), runner) != null) {
            return;
        }
        // Whoever stopped it since it was placed found no runner to tell.
        Optional<Alloc> now = around.store().read(tables -> tables.alloc(alloc.id()));
        if (now.isEmpty()) {
            runners.remove(alloc.id());
            return;
        }
        if (!now.get().wanted()) {
            runner.kill(false);
        }
        runner.start();
    }

    private void report(String id, Report report) {
        reports.accept(id, report);
        if (report.status().equals("complete") || report.status().equals("failed")) {
            runners.remove(id);
        }
    }

    @Override
    public void stop(Alloc alloc) {
        boolean delayed =
                !Json.at(alloc.doc(), "DesiredTransition", "NoShutdownDelay").asBoolean();
        runner(alloc.id()).ifPresent(runner -> runner.kill(delayed));
    }

    @Override
    public void destroy(String allocId) {
        Thread.startVirtualThread(() -> {
            try {
                Optional<AllocRunner> runner = runner(allocId);
                if (runner.isPresent()) {
                    runner.get().kill(false);
                    runner.get().awaitEnd(LONGEST_END);
                    runners.remove(allocId);
                }
                forget(Set.of(allocId));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** Ends what is left of allocations without a runner, deletes their files and frees what they held. */
    private void forget(Set<String> allocs) {
        try {
            around.leftovers().end((alloc, task) -> allocs.contains(alloc));
        } catch (IOException e) {
            LOG.log(Level.WARNING, "processes of allocations " + allocs, e);
            return;
        }
        allocs.forEach(alloc -> Thread.startVirtualThread(() -> delete(alloc)));
    }

    /** Its files first: on a full disk they hold the room that is needed to write down that it is gone. */
    private void delete(String allocId) {
        try {
            AllocDir.delete(around.allocDir(allocId).path());
            AllocDir.delete(around.runDirs().resolve(allocId));
        } catch (IOException e) {
            LOG.log(Level.WARNING, "files of allocation " + allocId + " not deleted", e);
        } finally {
            around.alarm().untilWritten("what allocation " + allocId + " held", () -> destroyed.accept(allocId));
        }
    }

    private Optional<AllocRunner> runner(String allocId) {
        return Optional.ofNullable(runners.get(allocId));
    }

    /** The live allocation, for signals and restarts. */
    public Optional<TaskRunners> live(String allocId) {
        return runner(allocId).map(runner -> new TaskRunners() {
            @Override
            public void signal(String task, String signal) {
                each(runner, task).forEach(t -> t.signal(signal));
            }

            @Override
            public Map<String, Map<Long, Usage.Figures>> usage() throws IOException {
                Map<String, Map<Long, Usage.Figures>> usage = new TreeMap<>();
                for (TaskRunner task : runner.tasks()) {
                    Map<Long, Usage.Figures> figures = task.usage();
                    if (!figures.isEmpty()) {
                        usage.put(task.name(), figures);
                    }
                }
                return usage;
            }

            @Override
            public void restart(String task) {
                each(runner, task).forEach(TaskRunner::restart);
            }
        });
    }

    private static List<TaskRunner> each(AllocRunner runner, String task) {
        return task.isEmpty() ? runner.tasks() : List.of(runner.task(task));
    }

    /** What may be asked of running tasks; an empty name means all of them. */
    public interface TaskRunners {
        void signal(String task, String signal);

        void restart(String task);

        /** By task and process ID. */
        Map<String, Map<Long, Usage.Figures>> usage() throws IOException;
    }

    public AllocDir directory(String allocId) {
        return around.allocDir(allocId);
    }

    /** After a start of the agent: goes on with what runs, and ends what nobody knows any more. */
    public void resume(List<Alloc> unended, List<String> undestroyed) throws IOException {
        for (Alloc alloc : unended) {
            AllocRunner runner = new AllocRunner(around, alloc, this::report);
            runners.put(alloc.id(), runner);
            runner.resume();
            if (!alloc.wanted()) {
                runner.kill(false);
            }
        }
        sweep(undestroyed);
    }

    /** Processes whose allocation has ended, and files of allocations that nobody knows any more. */
    private void sweep(List<String> undestroyed) throws IOException {
        Set<String> forgotten = new TreeSet<>();
        for (Path parent : List.of(around.runDirs(), around.allocDirs())) {
            entries(parent)
                    .forEach(directory -> forgotten.add(directory.getFileName().toString()));
        }
        forgotten.removeIf(
                alloc -> around.store().read(tables -> tables.alloc(alloc)).isPresent());
        forgotten.addAll(undestroyed);
        for (String alloc : forgotten) {
            for (Path task : entries(around.runDirs().resolve(alloc))) {
                new RunDirs(task).end();
            }
        }
        int ended = around.leftovers().end((alloc, task) -> !runners.containsKey(alloc));
        if (ended > 0) {
            LOG.log(Level.INFO, "ended {0} processes of allocations that are over", ended);
        }
        Thread.startVirtualThread(() -> {
            removeContainers(); // first: what is forgotten frees the devices and ports that they hold
            forget(forgotten);
        });
    }

    private void removeContainers() {
        try {
            PodmanTask.sweep(around, runners::containsKey);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "containers of allocations that are over are left", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<Path> entries(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** Stops every task, politely first, and waits for the last. */
    public void stopAll() throws InterruptedException {
        closing = true;
        List<AllocRunner> all = new ArrayList<>(runners.values());
        all.forEach(runner -> runner.kill(false));
        for (AllocRunner runner : all) {
            if (!runner.awaitEnd(LONGEST_END)) {
                LOG.log(Level.WARNING, "allocation {0} did not end", runner.id());
            }
        }
    }
}
