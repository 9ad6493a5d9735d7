// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.cluster.Allocation;
import serai.cluster.Allocation.State;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.cluster.PoolJob.Resources;
import serai.config.NomadConfig;
import serai.device.Condition;
import serai.device.DeviceRequest;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** What {@link Cluster} promises, asked of a running agent with one node. */
abstract class ClusterContract {
    static final DeviceRequest GPU = new DeviceRequest(
            "nvidia/gpu",
            2,
            List.of(new Condition("model", "regexp", "H100"), new Condition("memory", ">=", "70 GiB")),
            List.of(new Condition("memory", "<", "90 GiB")));

    private final RunnerHost host = new RunnerHost();
    private final List<PoolId> declared = new ArrayList<>();
    private Cluster cluster;

    abstract URI agent();

    Optional<String> token() {
        return Optional.empty();
    }

    @BeforeEach
    void connect() {
        cluster = NomadCluster.of(NomadConfig.at(agent(), token()));
    }

    @AfterEach
    void leaveNothing() {
        declared.forEach(cluster::remove);
        host.close();
    }

    private APool declared(APool pool) {
        declared.add(pool.id());
        cluster.declare(pool.talkingTo(host).job());
        return pool;
    }

    private APool aDeclaredPool() {
        return declared(APool.aPool().running(host.patient()));
    }

    private APool aPoolOf(int total) {
        var pool = aDeclaredPool();
        cluster.resize(pool.id(), total, "test");
        awaitRunning(pool, total);
        return pool;
    }

    private void awaitRunning(APool pool, int total) {
        Waiting.until(total + " running", () -> in(pool, State.RUNNING).size() == total);
    }

    private List<Allocation> in(APool pool, State state) {
        return cluster.allocations(pool.id()).stream()
                .filter(allocation -> allocation.state() == state)
                .toList();
    }

    private Problem problemOf(Runnable call) {
        return catchThrowableOfType(ProblemException.class, call::run).problem();
    }

    @Test
    void givenADeclaredPool_whenAsked_thenItHasNoContainers() {
        assertThat(cluster.allocations(aDeclaredPool().id())).isEmpty();
    }

    @Test
    void givenAnUnknownPool_whenResized_thenItHasToBeDeclaredFirst() {
        assertThat(problemOf(() -> cluster.resize(APool.freshId(), 1, "test"))).isEqualTo(Problem.POOL_NOT_DECLARED);
    }

    @Test
    void givenAnUnknownPool_whenRead_thenItIsEmpty() {
        var unknown = APool.freshId();
        assertThat(cluster.allocations(unknown)).isEmpty();
        assertThat(cluster.shortage(unknown)).isEmpty();
        assertThat(cluster.allocation(new AllocationId("00000000-0000-0000-0000-000000000000")))
                .isEmpty();
        cluster.stop(new AllocationId("00000000-0000-0000-0000-000000000000"));
        cluster.remove(unknown);
    }

    @Test
    void givenAPool_whenItGrows_thenARunnerStartsWithItsSecret() {
        var pool = aPoolOf(1);
        var allocation = in(pool, State.RUNNING).getFirst();
        assertThat(allocation.index()).isZero();
        assertThat(allocation.node()).isNotEmpty();
        assertThat(allocation.reason()).isEmpty();
        assertThat(cluster.allocation(allocation.id())).map(Allocation::pool).contains(pool.id());
        Waiting.until("started", () -> host.hasHeard("started", allocation.id(), pool.secret()));
    }

    @Test
    void givenTwoContainers_whenThePoolShrinks_thenTheHighestIndexIsAskedToEnd() {
        var pool = aPoolOf(2);
        Waiting.until(
                "both started",
                () -> in(pool, State.RUNNING).stream()
                        .allMatch(allocation -> host.hasHeard("started", allocation.id(), pool.secret())));
        cluster.resize(pool.id(), 1, "idle");
        Waiting.until("one complete", () -> !in(pool, State.COMPLETE).isEmpty());
        var ended = in(pool, State.COMPLETE).getFirst();
        assertThat(ended.index()).isEqualTo(1);
        assertThat(ended.exitCode()).isEmpty();
        assertThat(in(pool, State.RUNNING)).extracting(Allocation::index).containsExactly(0);
        Waiting.until("it was asked politely", () -> host.hasHeard("ended", ended.id(), "2"));
    }

    @Test
    void givenAContainer_whenItAloneIsStopped_thenItEndsPolitelyAndAnotherTakesItsPlace() {
        var pool = aPoolOf(1);
        var stopped = in(pool, State.RUNNING).getFirst();
        Waiting.until("started", () -> host.hasHeard("started", stopped.id(), pool.secret()));
        cluster.stop(stopped.id());
        Waiting.until("it was asked politely", () -> host.hasHeard("ended", stopped.id(), "2"));
        Waiting.until(
                "another runs",
                () -> in(pool, State.RUNNING).stream()
                        .anyMatch(allocation ->
                                allocation.index() == 0 && !allocation.id().equals(stopped.id())));
        Waiting.until(
                "it is told as complete",
                () -> cluster.allocation(stopped.id())
                        .filter(allocation -> allocation.state() == State.COMPLETE)
                        .isPresent());
        cluster.stop(stopped.id());
    }

    @Test
    void givenASize_whenSetAgain_thenNothingIsAdded() {
        var pool = aPoolOf(2);
        cluster.resize(pool.id(), 2, "again");
        cluster.resize(pool.id(), 2, "and again");
        assertThat(cluster.allocations(pool.id())).hasSize(2);
    }

    @Test
    void givenARunningPool_whenDeclaredAgain_thenItsContainersStay() {
        var pool = aPoolOf(2);
        var before = cluster.allocations(pool.id());
        declared(pool);
        assertThat(cluster.allocations(pool.id())).containsExactlyInAnyOrderElementsOf(before);
    }

    @Test
    void givenARunningPool_whenDeclaredWithAnotherContent_thenItKeepsItsSize() {
        var pool = aPoolOf(2);
        var before = cluster.allocations(pool.id());
        declared(pool.needing(new Resources(50, 32, 0, 10)));
        Waiting.until(
                "replaced",
                () -> Stream.of(in(pool, State.RUNNING))
                        .anyMatch(now -> now.size() == 2 && now.stream().noneMatch(before::contains)));
    }

    @Test
    void givenAMaximum_whenMoreIsAskedFor_thenTheClusterRefuses() {
        var pool = aDeclaredPool();
        assertThat(problemOf(() -> cluster.resize(pool.id(), pool.maxContainers() + 1, "too much")))
                .isEqualTo(Problem.CLUSTER_REFUSED);
    }

    @Test
    void givenACrash_whenWatched_thenItIsToldWithItsCodeAndReplaced() {
        var pool = declared(APool.aPool().running(host.crashing()));
        cluster.resize(pool.id(), 1, "test");
        Waiting.until("failed twice", () -> in(pool, State.FAILED).size() >= 2);
        assertThat(in(pool, State.FAILED)).allSatisfy(failed -> {
            assertThat(failed.exitCode()).contains(3);
            assertThat(failed.reason()).isEqualTo("Exit Code: 3");
            assertThat(failed.index()).isZero();
        });
    }

    @Test
    void givenAnotherProgramThanAnnounced_whenStarted_thenItIsNotRun() {
        var pool = declared(APool.aPool().running(host.forged()));
        cluster.resize(pool.id(), 1, "test");
        Waiting.until("failed", () -> !in(pool, State.FAILED).isEmpty());
        assertThat(in(pool, State.FAILED).getFirst().exitCode()).contains(1); // nothing of it was run
    }

    @Test
    void givenTooLittleMemory_whenThePoolGrows_thenTheShortageIsExplainedUntilItIsGivenUp() {
        var pool = declared(APool.aPool().running(host.patient()).needing(new Resources(100, 90_000_000, 0, 10)));
        cluster.resize(pool.id(), 2, "test");
        Waiting.until("a shortage", () -> cluster.shortage(pool.id()).isPresent());
        assertThat(cluster.shortage(pool.id())).hasValueSatisfying(shortage -> {
            assertThat(shortage.reason()).isEqualTo("memory exhausted on 1 of 1 nodes");
            assertThat(shortage.missing()).isEqualTo(2);
        });
        cluster.resize(pool.id(), 0, "given up");
        Waiting.until("no shortage", () -> cluster.shortage(pool.id()).isEmpty());
    }

    /** No agent under this contract has such a device: what matters is that the request is taken and the reason told. */
    @Test
    void givenADeviceThatNoNodeHas_whenThePoolGrows_thenTheShortageSaysSo() {
        var none = new DeviceRequest("nobodys/gpu", GPU.count(), GPU.needs(), GPU.prefers());
        var pool =
                declared(APool.aPool().running(host.patient()).needing(new Resources(100, 32, 0, 10, List.of(none))));
        cluster.resize(pool.id(), 1, "test");
        Waiting.until("a shortage", () -> cluster.shortage(pool.id()).isPresent());
        assertThat(cluster.shortage(pool.id()))
                .hasValueSatisfying(
                        shortage -> assertThat(shortage.reason()).isEqualTo("device missing on 1 of 1 nodes"));
    }

    @Test
    void givenARunningPool_whenRemoved_thenItEndsPolitelyAndIsForgotten() {
        var pool = aPoolOf(1);
        var running = in(pool, State.RUNNING).getFirst();
        Waiting.until("started", () -> host.hasHeard("started", running.id(), pool.secret()));
        var told = new CopyOnWriteArrayList<Allocation>();
        try (var watch = cluster.watch(told::add)) {
            Waiting.until("told that it runs", () -> states(told, running).contains(State.RUNNING));
            cluster.remove(pool.id());
            Waiting.until("told of its end", () -> states(told, running).contains(State.COMPLETE));
        }
        assertThat(host.hasHeard("ended", running.id(), "2")).isTrue();
        assertThat(cluster.allocations(pool.id())).isEmpty();
        assertThat(problemOf(() -> cluster.resize(pool.id(), 1, "gone"))).isEqualTo(Problem.POOL_NOT_DECLARED);
        cluster.remove(pool.id());
    }

    @Test
    void givenAContainerThatEndsSlowly_whenThePoolIsRemoved_thenItIsNotKilledEarly() {
        var pool = declared(APool.aPool().running(host.slow()));
        cluster.resize(pool.id(), 1, "test");
        awaitRunning(pool, 1);
        var running = in(pool, State.RUNNING).getFirst();
        Waiting.until("started", () -> host.hasHeard("started", running.id(), "slow"));
        cluster.remove(pool.id());
        assertThat(cluster.allocations(pool.id())).isEmpty();
        Waiting.until("it ended by itself", () -> host.hasHeard("ended", running.id(), "2"));
    }

    private static List<State> states(List<Allocation> told, Allocation of) {
        return told.stream()
                .filter(allocation -> allocation.id().equals(of.id()))
                .map(Allocation::state)
                .toList();
    }

    @Test
    void givenAWatch_whenAContainerComesAndGoes_thenItsLifeIsToldInOrder() {
        var told = new CopyOnWriteArrayList<Allocation>();
        var earlier = aPoolOf(1);
        var pool = aDeclaredPool();
        try (var watch = cluster.watch(told::add)) {
            Waiting.until("the watch has begun", () -> isLast(State.RUNNING, told, earlier));
            cluster.resize(pool.id(), 1, "test");
            Waiting.until("told that it runs", () -> isLast(State.RUNNING, told, pool));
            cluster.resize(pool.id(), 0, "test");
            Waiting.until("told that it ended", () -> isLast(State.COMPLETE, told, pool));
        }
        assertThat(told.stream().filter(a -> a.pool().equals(pool.id())).map(Allocation::state))
                .isSorted()
                .contains(State.PENDING, State.RUNNING, State.STOPPING, State.COMPLETE);
    }

    private static boolean isLast(State state, List<Allocation> told, APool pool) {
        return told.stream()
                .filter(allocation -> allocation.pool().equals(pool.id()))
                .reduce((earlier, later) -> later)
                .filter(last -> last.state() == state)
                .isPresent();
    }

    @Test
    void givenABrokenConnection_whenItIsMended_thenWhatWasMissedIsTold() throws IOException {
        var told = new CopyOnWriteArrayList<Allocation>();
        var pool = aPoolOf(1);
        try (var cable = new Cable(agent());
                var watch = NomadCluster.of(NomadConfig.at(cable.address(), token()))
                        .watch(told::add)) {
            Waiting.until("told that it runs", () -> isLast(State.RUNNING, told, pool));
            cable.cut();
            cluster.resize(pool.id(), 0, "unseen");
            Waiting.until("complete", () -> in(pool, State.COMPLETE).size() == 1);
            assertThat(isLast(State.RUNNING, told, pool)).isTrue();
            cable.plugIn();
            Waiting.until("told that it ended", () -> isLast(State.COMPLETE, told, pool));
            cluster.resize(pool.id(), 1, "seen again");
            Waiting.until("told of the next", () -> isLast(State.RUNNING, told, pool));
        }
    }

    @Test
    void givenAClosedWatch_whenSomethingHappens_thenItIsSilent() {
        var told = new CopyOnWriteArrayList<Allocation>();
        var pool = aDeclaredPool();
        cluster.watch(told::add).close();
        told.clear();
        cluster.resize(pool.id(), 1, "test");
        awaitRunning(pool, 1);
        assertThat(told).isEmpty();
    }

    @Test
    void givenAnAgent_whenAskedWhoItIs_thenItSaysItsVersion() {
        assertThat(cluster.info().version()).matches("\\d+\\.\\d+\\.\\d+.*");
    }

    @Test
    void givenNobodyThere_whenAsked_thenTheClusterIsUnavailable() throws IOException {
        try (var cable = new Cable(agent())) {
            cable.cut();
            var nobody = NomadCluster.of(NomadConfig.at(cable.address(), token()));
            assertThat(problemOf(nobody::info)).isEqualTo(Problem.CLUSTER_UNAVAILABLE);
            assertThatExceptionOfType(ProblemException.class)
                    .isThrownBy(() -> nobody.resize(APool.freshId(), 1, "test"));
        }
    }
}
