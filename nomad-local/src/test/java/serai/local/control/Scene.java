// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import serai.local.doc.Json;
import serai.local.job.JobForm;
import serai.local.state.Alloc;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;

/** Everything that decides, on a real journal, above processes that only pretend. It can be left and entered again. */
final class Scene implements AutoCloseable {
    static final int CPU = 1000;
    static final int MEMORY = 1000;
    static final List<String> DEVICES = List.of("gpu-0", "gpu-1");

    final Clock clock = new Clock();
    final Processes processes = new Processes();
    private final Path directory;
    private Store store;
    private Alarm alarm;
    private Evaluator evaluator;
    Jobs jobs;
    Allocations allocations;
    Garbage garbage;
    Nodes nodes;

    Scene(Path directory) {
        this.directory = directory;
        enter();
    }

    /** A clock that somebody sets. */
    static final class Clock implements InstantSource {
        private volatile Duration ahead = Duration.ZERO;

        void step(Duration by) {
            ahead = ahead.plus(by);
        }

        @Override
        public Instant instant() {
            return Instant.now().plus(ahead);
        }
    }

    /** What would run on the node. Nothing ends by itself. */
    static final class Processes implements Instances {
        final Map<String, Alloc> running = new ConcurrentHashMap<>();
        /** Told to end, and not yet there. */
        final Map<String, Alloc> ending = new ConcurrentHashMap<>();

        @Override
        public void start(Alloc alloc) {
            if (running.putIfAbsent(alloc.id(), alloc) != null || ending.containsKey(alloc.id())) {
                throw new IllegalStateException("started twice: " + alloc.name());
            }
        }

        @Override
        public void stop(Alloc alloc) {
            Optional.ofNullable(running.remove(alloc.id())).ifPresent(was -> ending.put(alloc.id(), was));
        }

        @Override
        public void destroy(String allocId) {
            Optional.ofNullable(running.remove(allocId)).ifPresent(was -> ending.put(allocId, was));
        }

        List<Alloc> all() {
            List<Alloc> all = new ArrayList<>(running.values());
            all.addAll(ending.values());
            return all;
        }
    }

    private void enter() {
        try {
            store = new Store(directory, clock);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        if (store.read(tables -> tables.all(Table.NODES).findFirst()).isEmpty()) {
            store.commit("NodeRegistration", commit -> {
                commit.put(Table.NAMESPACES, "default", Json.object("Name", "default"));
                commit.putNode(node());
                return null;
            });
        }
        alarm = new Alarm();
        Deployments deployments = new Deployments(store, alarm);
        garbage = new Garbage(store, processes);
        evaluator = new Evaluator(
                store, processes, alarm, deployments, garbage, clock, RandomGenerator.of("L64X128MixRandom"));
        allocations = new Allocations(store, evaluator);
        jobs = new Jobs(store, evaluator, processes);
        nodes = new Nodes(store, evaluator, alarm, clock);
    }

    /** The agent dies between two commits and another one comes: processes go on, everything else is read again. */
    void restart() {
        close();
        enter();
        for (Alloc alloc : allocations.unended()) {
            if (!processes.running.containsKey(alloc.id()) && !processes.ending.containsKey(alloc.id())) {
                processes.start(alloc);
            }
            if (!alloc.wanted()) {
                processes.stop(alloc);
            }
        }
        evaluator.resume();
        nodes.resume();
    }

    @Override
    public void close() {
        alarm.close();
        try {
            store.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static ObjectNode node() {
        List<Object> instances = new ArrayList<>();
        DEVICES.forEach(id -> instances.add(Json.object("ID", id, "Healthy", true)));
        return Json.object(
                "ID", "n",
                "Name", "n",
                "Datacenter", "dc1",
                "NodePool", "default",
                "ComputedClass", "v1:1",
                "SchedulingEligibility", "eligible",
                "Drain", false,
                "Attributes", Map.of("os.signals", "SIGINT,SIGTERM"),
                "Drivers", Map.of("raw_exec", Map.of("Healthy", true)),
                "NodeResources",
                        Json.object(
                                "Cpu", Map.of("CpuShares", CPU),
                                "Memory", Map.of("MemoryMB", MEMORY),
                                "Disk", Map.of("DiskMB", 100_000),
                                "Devices",
                                        List.of(Json.object(
                                                "Vendor", "acme", "Type", "gpu", "Name", "x", "Instances", instances)),
                                "MinDynamicPort", 20000,
                                "MaxDynamicPort", 20100));
    }

    /** A pool of one task. Failed instances are tried again after {@code delay}, for ever. */
    static ObjectNode job(String id, int count, int cpu, int memory, int gpus, Duration delay, Object... task) {
        ObjectNode resources = Json.object("CPU", cpu, "MemoryMB", memory);
        if (gpus > 0) {
            resources.set("Devices", Json.MAPPER.valueToTree(List.of(Map.of("Name", "gpu", "Count", gpus))));
        }
        ObjectNode fn = Json.object(
                "Name",
                "fn",
                "Driver",
                "raw_exec",
                "Config",
                Json.object("command", "/bin/true"),
                "Resources",
                resources,
                "LogConfig",
                Json.object("MaxFiles", 1, "MaxFileSizeMB", 1));
        fn.setAll(Json.object(task));
        ObjectNode group = Json.object(
                "Name", "pool",
                "Count", count,
                "Tasks", List.of(fn),
                "RestartPolicy", Json.object("Attempts", 0, "Interval", 30_000_000_000L, "Delay", 0, "Mode", "fail"),
                "ReschedulePolicy",
                        Json.object("Unlimited", true, "Delay", delay.toNanos(), "DelayFunction", "constant"),
                "Update", Json.object("MaxParallel", 0),
                "EphemeralDisk", Json.object("SizeMB", 10));
        return Json.object(
                "Job",
                Json.object("ID", id, "Type", "service", "Datacenters", List.of("*"), "TaskGroups", List.of(group)));
    }

    void register(ObjectNode job) {
        jobs.register(JobForm.request(job), Optional.empty());
    }

    void scale(String job, long count) {
        jobs.scale("default", job, new Jobs.Scale("pool", Optional.of(count), false, "", Json.object(), false, 0));
    }

    /** @param status running, complete or failed */
    void report(Alloc alloc, String status) {
        if (!status.equals("running")) {
            processes.running.remove(alloc.id());
            processes.ending.remove(alloc.id());
        }
        allocations.report(alloc.id(), new Report(status, status, Json.object()));
    }

    /** Lets everything end that was told to. */
    void letEnd() {
        for (Alloc alloc : List.copyOf(processes.ending.values())) {
            report(alloc, "complete");
            allocations.destroyed(alloc.id());
        }
    }

    List<Alloc> allocs(String job) {
        return store.read(tables -> tables.allocs("default", job).toList());
    }

    List<Alloc> live(String job) {
        return allocs(job).stream().filter(a -> a.wanted() && !a.ended()).toList();
    }

    int count(Table table) {
        return store.read(tables -> tables.count(table));
    }

    Map<String, Integer> wantedCounts() {
        return store.read(tables -> {
            Map<String, Integer> counts = new TreeMap<>();
            tables.jobs()
                    .forEach(job -> counts.put(
                            job.id(),
                            job.stopped() ? 0 : job.groups().getFirst().count()));
            return new HashMap<>(counts);
        });
    }

    boolean draining() {
        return store.read(tables -> tables.all(Table.NODES).anyMatch(node -> Json.flag(node, "Drain")));
    }

    boolean eligible() {
        return store.read(tables -> tables.all(Table.NODES)
                .anyMatch(node -> Json.text(node, "SchedulingEligibility").equals("eligible")));
    }

    /** Waits for something that comes soon. */
    static void await(BooleanSupplier there) {
        await(there, "what was waited for");
    }

    static void await(BooleanSupplier there, String what) {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        try {
            while (!there.getAsBoolean()) {
                if (System.nanoTime() - deadline > 0) {
                    throw new AssertionError("it never came: " + what);
                }
                Thread.sleep(5);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until what has failed was tried again, and the processes have followed. */
    void awaitRetry() {
        await(() -> store.read(tables -> tables.evaluations()
                        .noneMatch(e -> e.open() && !e.waitUntil().isEmpty()))
                && processes.running.keySet().equals(wanted()));
        evaluator.unblock();
    }

    private Set<String> wanted() {
        return store.read(tables -> tables.allocs()
                .filter(a -> a.wanted() && !a.ended())
                .map(Alloc::id)
                .collect(Collectors.toSet()));
    }

    boolean isBlocked(String job) {
        return store.read(tables -> tables.evaluations("default", job).anyMatch(Evaluation::blocked));
    }

    /** Jobs that wait for room although there is some. */
    List<String> waitersThatWouldFit() {
        List<String> before = new ArrayList<>(processes.running.keySet());
        evaluator.unblock();
        return processes.running.values().stream()
                .filter(alloc -> !before.contains(alloc.id()))
                .map(Alloc::name)
                .toList();
    }
}
