// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import serai.pool.PoolId;
import serai.problem.Problem;

/** A cluster with room for everything, which places at once. What ends stays in its place until it is asked for again. */
public final class InMemoryCluster implements Cluster {
    private static final class Job {
        PoolJob content;
        int count;
        final TreeMap<Integer, Allocation> places = new TreeMap<>();
        final List<Allocation> over = new ArrayList<>();

        Job(PoolJob content) {
            this.content = content;
        }
    }

    private final Map<PoolId, Job> jobs = new TreeMap<>((a, b) -> a.value().compareTo(b.value()));
    private final List<Consumer<Allocation>> listeners = new CopyOnWriteArrayList<>();
    private final Map<PoolId, Integer> rooms = new HashMap<>();
    private boolean isAway;

    @Override
    public synchronized void declare(PoolJob job) {
        answer();
        var known = jobs.get(job.pool());
        if (known == null) {
            jobs.put(job.pool(), new Job(job));
        } else if (!known.content.equals(job)) {
            replace(known, job);
        }
    }

    /** With all of its containers. */
    private void replace(Job known, PoolJob content) {
        int count = known.count;
        known.content = content;
        known.count = 0;
        place(known);
        known.count = count;
        place(known);
    }

    @Override
    public synchronized void resize(PoolId pool, int total, String reason) {
        answer();
        var job = jobs.get(pool);
        if (job == null) {
            throw Problem.POOL_NOT_DECLARED.because("%s", pool);
        }
        if (total > job.content.maxContainers()) {
            throw Problem.CLUSTER_REFUSED.because("%d is more than %d", total, job.content.maxContainers());
        }
        job.count = total;
        place(job);
    }

    private void place(Job job) {
        for (var above : List.copyOf(job.places.tailMap(job.count).values())) {
            change(above, Allocation.State.COMPLETE, "not needed any more", Optional.empty());
        }
        for (int index = 0; index < job.count; index++) {
            if (!job.places.containsKey(index) && job.places.size() < roomOf(job.content.pool())) {
                var id = new AllocationId(UUID.randomUUID().toString());
                var made = new Allocation(
                        id,
                        job.content.pool(),
                        index,
                        "node-1",
                        Allocation.State.RUNNING,
                        "",
                        Optional.empty(),
                        Instant.now());
                job.places.put(index, made);
                tell(made);
            }
        }
    }

    private void change(Allocation from, Allocation.State state, String reason, Optional<Integer> exitCode) {
        var to = new Allocation(
                from.id(), from.pool(), from.index(), from.node(), state, reason, exitCode, Instant.now());
        var job = jobs.get(from.pool());
        job.places.remove(from.index());
        job.over.add(to);
        tell(to);
    }

    private void tell(Allocation allocation) {
        listeners.forEach(listener -> listener.accept(allocation));
    }

    @Override
    public synchronized void remove(PoolId pool) {
        answer();
        var job = jobs.get(pool);
        if (job != null) {
            job.count = 0;
            place(job);
            jobs.remove(pool);
        }
    }

    @Override
    public synchronized List<Allocation> allocations(PoolId pool) {
        answer();
        return Optional.ofNullable(jobs.get(pool)).stream()
                .flatMap(job -> Stream.concat(job.places.values().stream(), job.over.stream()))
                .toList();
    }

    @Override
    public synchronized Optional<Allocation> allocation(AllocationId id) {
        answer();
        return jobs.values().stream()
                .flatMap(job -> Stream.concat(job.places.values().stream(), job.over.stream()))
                .filter(a -> a.id().equals(id))
                .findFirst();
    }

    @Override
    public synchronized void stop(AllocationId id) {
        allocation(id).filter(a -> !a.state().isTerminal()).ifPresent(a -> {
            change(a, Allocation.State.COMPLETE, "stopped", Optional.empty());
            place(jobs.get(a.pool()));
        });
    }

    @Override
    public synchronized Optional<Shortage> shortage(PoolId pool) {
        return Optional.ofNullable(jobs.get(pool))
                .map(job -> job.count - job.places.size())
                .filter(missing -> missing > 0 && roomOf(pool) < jobs.get(pool).count)
                .map(missing -> new Shortage(missing, "no free device matches on 1 of 1 nodes", Instant.now()));
    }

    private int roomOf(PoolId pool) {
        return rooms.getOrDefault(pool, Integer.MAX_VALUE);
    }

    /** So many containers of the pool find a place from now on; what waits for one gets it. */
    public synchronized void makeRoom(PoolId pool, int places) {
        rooms.put(pool, places);
        Optional.ofNullable(jobs.get(pool)).ifPresent(this::place);
    }

    @Override
    public Watch watch(Consumer<Allocation> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public synchronized Optional<Outage> outage() {
        return isAway ? Optional.of(new Outage(Instant.EPOCH, false, "it is away")) : Optional.empty();
    }

    @Override
    public synchronized ClusterInfo info() {
        answer();
        return new ClusterInfo("memory", "1", "nowhere");
    }

    @Override
    public synchronized List<Node> nodes() {
        answer();
        return List.of(new Node("n", "memory", "ready", true, "dc1", "default", "1", 1, 1, 1, 1, List.of(), ""));
    }

    @Override
    public Optional<URI> page(PoolId pool) {
        return Optional.empty();
    }

    @Override
    public Optional<URI> page(AllocationId id) {
        return Optional.empty();
    }

    private void answer() {
        if (isAway) {
            throw Problem.CLUSTER_UNAVAILABLE.because("it is away");
        }
    }

    public synchronized void goAway() {
        isAway = true;
    }

    public synchronized void comeBack() {
        isAway = false;
    }

    /** Everything it knew is gone. */
    public synchronized void reset() {
        jobs.clear();
    }

    /** An allocation's process has ended; nobody takes its place until somebody asks. */
    public synchronized void end(AllocationId id, int exitCode) {
        allocation(id)
                .filter(a -> !a.state().isTerminal())
                .ifPresent(a -> change(
                        a,
                        exitCode == 0 ? Allocation.State.COMPLETE : Allocation.State.FAILED,
                        exitCode == 0 ? "" : "exit code " + exitCode,
                        Optional.of(exitCode)));
    }

    /** As after a gap. */
    public synchronized void tellAgain() {
        jobs.values().forEach(job -> {
            job.over.forEach(this::tell);
            job.places.values().forEach(this::tell);
        });
    }

    public synchronized Allocation at(PoolId pool, int index) {
        return jobs.get(pool).places.get(index);
    }

    /** @return how many places it was asked for; empty if it does not know the pool */
    public synchronized Optional<Integer> count(PoolId pool) {
        return Optional.ofNullable(jobs.get(pool)).map(job -> job.count);
    }

    public synchronized PoolJob job(PoolId pool) {
        return jobs.get(pool).content;
    }
}
