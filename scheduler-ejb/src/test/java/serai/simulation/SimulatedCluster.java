// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import serai.cluster.Allocation;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.cluster.ClusterInfo;
import serai.cluster.Node;
import serai.cluster.PoolJob;
import serai.cluster.Shortage;
import serai.pool.PoolId;
import serai.problem.Problem;

/** One pool's job in a cluster that is away now and then, refuses, runs out of room and loses nodes. */
final class SimulatedCluster implements Cluster {
    /** Nomad's least delay before it puts another in the place of one that failed. */
    private static final Duration RESCHEDULE = Duration.ofSeconds(5);

    private static final int ROOM = 8;

    private final World world;
    private final TreeMap<Integer, Place> places = new TreeMap<>();
    private final List<Place> over = new ArrayList<>();
    private boolean isDeclared;
    private boolean isAway;
    private int count;
    private int room = ROOM;
    private int made;

    SimulatedCluster(World world) {
        this.world = world;
    }

    /** An allocation, as it changes. */
    final class Place {
        final AllocationId id = new AllocationId("al-" + ++made);
        final int index;
        final SimulatedContainer container;
        private Allocation.State state = Allocation.State.PENDING;
        private String reason = "";
        private Optional<Integer> exitCode = Optional.empty();
        private Instant modifiedAt = world.time.now();

        Place(int index) {
            this.index = index;
            this.container = new SimulatedContainer(world, this);
        }

        Allocation seen() {
            return new Allocation(id, world.pool.id(), index, "node-1", state, reason, exitCode, modifiedAt);
        }

        private void change(Allocation.State to, String why) {
            state = to;
            reason = why;
            modifiedAt = world.time.now();
            world.tell("%s (index %d, %s) is %s %s", id, index, container, to, why);
            told(this);
        }

        private void end(Allocation.State to, String why) {
            if (!state.isTerminal()) {
                change(to, why);
                places.remove(index, this);
                over.add(this);
                container.kill();
            }
        }

        /** Its process has ended by itself. */
        void ended(int code) {
            if (state.isTerminal()) {
                return;
            }
            exitCode = Optional.of(code);
            boolean wasStopping = state == Allocation.State.STOPPING;
            end(code == 0 || wasStopping ? Allocation.State.COMPLETE : Allocation.State.FAILED, "exit code " + code);
            if (code != 0 || wasStopping) {
                world.time.after(wasStopping ? Duration.ZERO : RESCHEDULE, SimulatedCluster.this::place);
            }
        }

        private void stop(String why) {
            if (state == Allocation.State.PENDING) {
                end(Allocation.State.COMPLETE, why);
            } else if (state == Allocation.State.RUNNING) {
                change(Allocation.State.STOPPING, why);
                places.remove(index, this);
                over.add(this);
                world.time.after(world.upTo(3_000), () -> end(Allocation.State.COMPLETE, why));
            }
        }
    }

    private void told(Place place) {
        var allocation = place.seen();
        List.copyOf(world.servers).forEach(server -> tell(server, allocation));
    }

    private void tell(SimulatedServer server, Allocation allocation) {
        if (!world.chance(world.faults.lostEvent())) {
            server.hear(allocation, world.upTo(200));
        }
    }

    /** As to a server that has just started, or after a gap. */
    void tellAll(SimulatedServer server) {
        Stream.concat(over.stream(), places.values().stream()).toList().forEach(place -> tell(server, place.seen()));
    }

    private void place() {
        for (int index = 0; index < count; index++) {
            if (!places.containsKey(index) && alive() < room) {
                var place = new Place(index);
                places.put(index, place);
                told(place);
                world.time.after(world.upTo(800), () -> {
                    if (place.state == Allocation.State.PENDING) {
                        place.change(Allocation.State.RUNNING, "");
                        place.container.begin();
                    }
                });
            }
        }
        world.holds(
                places.size() <= world.duties.autoscaler().maxContainers(),
                "never more than %d containers: %s",
                world.duties.autoscaler().maxContainers(),
                places.keySet());
    }

    /** @return allocations whose process may run */
    int alive() {
        return (int) Stream.concat(over.stream(), places.values().stream())
                .filter(place -> !place.state.isTerminal())
                .count();
    }

    /** What goes wrong now. */
    void second() {
        var faults = world.faults;
        if (world.chance(faults.clusterAway())) {
            isAway = true;
            world.tell("the cluster is away");
            world.time.after(world.upTo(15_000), () -> isAway = false);
        }
        if (world.chance(faults.clusterRefuses())) {
            room = world.random.nextInt(4);
            world.tell("the cluster has room for %d", room);
            world.time.after(world.upTo(20_000), () -> {
                room = ROOM;
                place();
            });
        }
        for (var place : List.copyOf(places.values())) {
            if (place.state != Allocation.State.RUNNING) {
                continue;
            }
            if (world.chance(faults.killedContainer())) {
                place.ended(137);
            } else if (world.chance(faults.lostNode())) {
                lose(place);
            } else if (world.chance(faults.pausedContainer())) {
                place.container.pause(Duration.ofSeconds(1).plus(world.upTo(40_000)));
            } else if (world.chance(faults.hungContainer())) {
                place.container.hang();
            }
        }
    }

    /** Nobody hears of the node any more, while its container may go on. */
    private void lose(Place place) {
        place.change(Allocation.State.LOST, "its node is down");
        places.remove(place.index, place);
        over.add(place);
        place();
        world.time.after(world.upTo(60_000), place.container::kill);
    }

    void recover() {
        isAway = false;
        room = ROOM;
        place();
        Stream.concat(over.stream(), places.values().stream()).forEach(place -> place.container.resume());
    }

    private void answer() {
        world.onItsWay();
        if (isAway) {
            throw Problem.CLUSTER_UNAVAILABLE.because("it is away");
        }
    }

    /** It was done, and nobody is told so. */
    private void answered() {
        world.between();
        if (world.chance(world.faults.lostAnswer())) {
            throw Problem.CLUSTER_UNAVAILABLE.because("it did not answer in time");
        }
    }

    @Override
    public void declare(PoolJob job) {
        answer();
        isDeclared = true;
        answered();
    }

    @Override
    public void resize(PoolId pool, int total, String reason) {
        answer();
        if (!isDeclared) {
            throw Problem.POOL_NOT_DECLARED.because("%s", pool);
        }
        if (world.chance(world.faults.clusterRefuses())) {
            throw Problem.CLUSTER_REFUSED.because("a deployment is under way");
        }
        world.tell("resize from %d to %d: %s", count, total, reason);
        int most = world.duties.autoscaler().maxContainers();
        world.holds(total <= most, "never more than %d containers: %d", most, total);
        count = total;
        for (var above : List.copyOf(places.tailMap(total).values())) {
            world.holds(
                    !reason.startsWith("idle for") || !above.container.isAtWork(),
                    "nothing that works is stopped because others are idle: %s",
                    above.container);
            above.stop(reason);
        }
        place();
        answered();
    }

    @Override
    public void remove(PoolId pool) {
        throw new UnsupportedOperationException("no pool ends in a run");
    }

    @Override
    public List<Allocation> allocations(PoolId pool) {
        answer();
        return Stream.concat(over.stream(), places.values().stream())
                .map(Place::seen)
                .toList();
    }

    @Override
    public Optional<Allocation> allocation(AllocationId id) {
        answer();
        return Stream.concat(over.stream(), places.values().stream())
                .filter(place -> place.id.equals(id))
                .map(Place::seen)
                .findFirst();
    }

    @Override
    public void stop(AllocationId id) {
        answer();
        places.values().stream()
                .filter(place -> place.id.equals(id))
                .findFirst()
                .ifPresent(place -> {
                    place.stop("stopped");
                    place();
                });
        answered();
    }

    @Override
    public Optional<Shortage> shortage(PoolId pool) {
        answer();
        int missing = count - places.size();
        return missing > 0 && alive() >= room
                ? Optional.of(new Shortage(missing, "memory exhausted on 1 of 1 nodes", world.time.now()))
                : Optional.empty();
    }

    @Override
    public Watch watch(Consumer<Allocation> listener) {
        throw new UnsupportedOperationException("servers are told by events of the run");
    }

    @Override
    public ClusterInfo info() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<Outage> outage() {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<Node> nodes() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<URI> page(PoolId pool) {
        return Optional.empty();
    }

    @Override
    public Optional<URI> page(AllocationId id) {
        return Optional.empty();
    }
}
