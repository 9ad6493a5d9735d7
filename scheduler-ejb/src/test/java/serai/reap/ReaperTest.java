// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serai.app.App;
import serai.call.Inputs;
import serai.call.Outcome;
import serai.cluster.Allocation;
import serai.container.Container;
import serai.pool.Pool;
import serai.server.TestContainer;
import serai.server.TestServer;

class ReaperTest {
    private static final Duration LEASE = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();
    private Pool pool;
    private String call;
    private TestContainer container;

    @BeforeEach
    void aContainerThatWorks() {
        pool = server.pool(0, Duration.ofHours(1));
        call = server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        container = server.container(pool, 0);
    }

    @Test
    void givenASilentContainer_whenItsLeaseIsOver_thenItsInputWaitsAgainAndAnotherTakesItsPlace() {
        container.ready().claim();
        passes(LEASE.plusSeconds(1));

        server.reaper.reap();

        assertThat(container.row().state()).isEqualTo(Container.State.ENDED);
        assertThat(container.row().reason()).isEqualTo("no sign of life for 60 s");
        assertThat(server.inputs.load(pool.id())).isEqualTo(new Inputs.Load(1, 0));
        assertThat(server.cluster.at(pool.id(), 0).id())
                .isNotEqualTo(container.allocation().id());
    }

    @Test
    void givenAServerThatWasAway_whenItStarts_thenEveryoneHasAFullLease() {
        container.ready();
        passes(LEASE.minusSeconds(20));

        server.reaper.reap();

        assertThat(container.row().state()).isEqualTo(Container.State.ACTIVE);
    }

    @Test
    void givenAClockThatIsSet_whenEveryoneIsWell_thenNobodyIsGivenUp() {
        container.ready().claim();
        passes(Duration.ofSeconds(11));
        server.reaper.reap();

        server.clockIsSet(Duration.ofHours(1));
        server.reaper.reap();
        server.clockIsSet(Duration.ofHours(-2));
        server.reaper.reap();

        assertThat(container.row().state()).isEqualTo(Container.State.ACTIVE);
        assertThat(server.apps.find(pool.appId()).orElseThrow().state()).isEqualTo(App.State.EPHEMERAL);
        passes(LEASE.plusSeconds(1));
        server.reaper.reap();
        assertThat(container.row().state())
                .as("silent by the reaper's own clock")
                .isEqualTo(Container.State.ENDED);
    }

    @Test
    void givenAHeartbeat_whenTheLeaseWouldBeOver_thenTheContainerStays() {
        container.ready();
        passes(LEASE.minusSeconds(1));
        server.containers.heartbeat(container.id(), server.now());
        passes(Duration.ofSeconds(2));

        server.reaper.reap();

        assertThat(container.row().state()).isEqualTo(Container.State.ACTIVE);
    }

    @Test
    void givenAClusterThatIsAway_whenAContainerFellSilent_thenItsAllocationIsStoppedLater() {
        container.ready();
        passes(LEASE.plusSeconds(1));
        server.cluster.goAway();
        server.reaper.reap();
        server.cluster.comeBack();

        server.reaper.reap();

        assertThat(server.cluster.allocation(container.allocation().id()))
                .hasValueSatisfying(a -> assertThat(a.state().isTerminal()).isTrue());
    }

    @Test
    void givenAContainerThatDoesNotGetReady_whenItsTimeIsOver_thenItsStartHasFailed() {
        for (int s = 0; s < 305; s += 5) {
            passes(Duration.ofSeconds(5));
            server.containers.heartbeat(container.id(), server.now()); // not silent, only slow
        }

        server.reaper.reap();

        assertThat(container.row().state()).isEqualTo(Container.State.ENDED);
        assertThat(server.reload(pool.id()).failures()).isEqualTo(1);
        assertThat(server.reload(pool.id()).reason()).contains("not ready within 300 s");
    }

    @Test
    void givenAnInputOverItsTime_whenReaped_thenItHasTimedOutAndItsContainerIsStopped() {
        container.ready().claim();
        server.inputs.load(pool.id());
        server.setClaimedAt(container.id(), Instant.now().minusSeconds(301));
        passes(Duration.ofSeconds(10));

        server.reaper.reap();

        assertThat(server.calls.outputsAfter(call, 0, 10))
                .singleElement()
                .satisfies(output -> assertThat(output.outcome()).isEqualTo(Outcome.TIMEOUT));
        assertThat(container.row().state()).isEqualTo(Container.State.ENDED);
        assertThat(server.cluster.allocation(container.allocation().id()))
                .hasValueSatisfying(a -> assertThat(a.state().isTerminal()).isTrue());
    }

    @Test
    void givenAServerThatStoodStill_whenItGoesOn_thenEveryoneIsHeardFirst() {
        container.ready().claim();
        passes(Duration.ofSeconds(15));
        server.passes(Duration.ofSeconds(301));

        server.reaper.reapOverdue();
        server.reaper.reap();

        assertThat(container.row().state()).isEqualTo(Container.State.ACTIVE);
        assertThat(server.inputs.load(pool.id())).as("its time is over").isEqualTo(new Inputs.Load(0, 1));
        assertThat(server.apps.find(pool.appId()).orElseThrow().state()).isEqualTo(App.State.EPHEMERAL);
        passes(LEASE.plusSeconds(1));
        server.reaper.reap();
        assertThat(container.row().state()).as("nothing was heard since").isEqualTo(Container.State.ENDED);
    }

    @Test
    void givenAServerThatWasAway_whenItStarts_thenResultsAndReadinessOfThatTimeAreHeardFirst() {
        container.ready().claim();
        server.setClaimedAt(container.id(), Instant.now().minusSeconds(301));
        passes(Duration.ofSeconds(9));

        server.reaper.reap();
        server.reaper.reapOverdue();

        assertThat(container.row().state()).isEqualTo(Container.State.ACTIVE);
        assertThat(server.inputs.load(pool.id())).isEqualTo(new Inputs.Load(0, 1));
    }

    @Test
    void givenAServerThatDiedBetweenTheEndAndTheRelease_whenReaped_thenTheInputWaitsAgain() {
        container.ready().claim();
        server.containers.end(container.id(), null, "ended", server.now());

        server.reaper.reap();

        assertThat(server.inputs.load(pool.id())).isEqualTo(new Inputs.Load(1, 0));
    }

    @Test
    void givenAClientThatFellSilent_whenItsTimeIsOver_thenItsAppEnds() {
        passes(LEASE.plusSeconds(1), false);

        server.reaper.reap();

        server.await(
                "stopped", () -> server.apps.find(pool.appId()).orElseThrow().state() == App.State.STOPPED);
    }

    @Test
    void givenAnEndThatIsReportedTwice_whenTheFirstWasKept_thenTheSecondChangesNothing() {
        container.ready().claim();

        server.departures.ended(container.id(), 137, "killed");
        server.departures.ended(container.id(), 0, "ended");

        assertThat(container.row().exitCode()).isEqualTo(137);
        assertThat(server.inputs.load(pool.id())).isEqualTo(new Inputs.Load(1, 0));
        assertThat(server.reload(pool.id()).failures()).isZero();
    }

    @Test
    void givenARunnerThatNeverPresentedItself_whenItsAllocationFailed_thenAStartHasFailed() {
        server.call(pool, 1);
        server.await("a second place", () -> server.cluster.at(pool.id(), 1) != null);
        server.await("kept", () -> server.reload(pool.id()).size() == 2);
        var failed = over(server.cluster.at(pool.id(), 1), Allocation.State.FAILED);

        server.departures.allocationEnded(failed, true);

        assertThat(server.reload(pool.id()).failures()).isEqualTo(1);
        assertThat(server.reload(pool.id()).reason()).isEqualTo("the runner did not start: no such file");
    }

    @Test
    void givenAnAllocationThatNobodyWants_whenItFailed_thenNoStartHasFailed() {
        var above = new Allocation(
                container.allocation().id(),
                pool.id(),
                7,
                "node-1",
                Allocation.State.FAILED,
                "",
                Optional.of(1),
                Instant.now());

        server.departures.allocationEnded(above, true);
        server.departures.allocationEnded(over(container.allocation(), Allocation.State.COMPLETE), true);

        assertThat(container.row().state()).isEqualTo(Container.State.ENDED);
    }

    /** Time, with a client that is heard. */
    private void passes(Duration time) {
        passes(time, true);
    }

    private void passes(Duration time, boolean isHeard) {
        var every = Duration.ofSeconds(5); // as the reaper looks
        for (var left = time; left.isPositive(); left = left.minus(every)) {
            server.reaper.reap();
            server.passes(left.compareTo(every) < 0 ? left : every);
            if (isHeard) {
                server.apps.heartbeat(server.tenant, pool.appId(), server.now());
            }
        }
    }

    private static Allocation over(Allocation allocation, Allocation.State state) {
        return new Allocation(
                allocation.id(),
                allocation.pool(),
                allocation.index(),
                allocation.node(),
                state,
                "no such file",
                Optional.empty(),
                Instant.now());
    }
}
