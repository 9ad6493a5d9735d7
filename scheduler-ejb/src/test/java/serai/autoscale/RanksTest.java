// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.device.Gpu;
import serai.function.AutoscalerSettings;
import serai.function.Function;
import serai.log.LogChunk;
import serai.log.Logs;
import serai.pool.Pool;
import serai.pool.Unplaced;
import serai.server.TestServer;

/** GPUs in order of preference, on a real queue and a cluster that has room for some. */
class RanksTest {
    private static final Gpu H100 = new Gpu("H100", 1);
    private static final Gpu A100 = new Gpu("A100-40GB", 2);
    private static final String NO_ROOM = "1 × H100: no free device matches on 1 of 1 nodes";

    private final TestServer server = new TestServer();

    private Function function(int max, Duration window, Gpu... gpus) {
        var app = server.app();
        var function = server.function(app);
        server.define(function, new AutoscalerSettings(0, max, 0, window), gpus);
        server.publish(app, function);
        return function;
    }

    private List<Pool> ranks(Function function) {
        return server.pools.ranks(server.current(function).id());
    }

    private int count(Pool pool) {
        return server.cluster.count(pool.id()).orElse(0);
    }

    @Test
    void givenTwoGpus_whenBothAreNeeded_thenEachIsAJobThatAsksForItsOwn() {
        var function = function(10, Duration.ofSeconds(60), H100, A100);
        var ranks = ranks(function);
        server.cluster.makeRoom(ranks.get(0).id(), 0);
        server.call(ranks.getFirst(), 1);
        server.await("one is asked", () -> count(ranks.get(0)) == 1);
        server.passes(Duration.ofSeconds(2));
        server.await("the other one is", () -> {
            server.tick();
            return count(ranks.get(1)) == 1;
        });
        assertThat(server.cluster
                        .job(ranks.get(0).id())
                        .resources()
                        .devices()
                        .getFirst()
                        .count())
                .isEqualTo(1);
        var second = server.cluster.job(ranks.get(1).id());
        assertThat(second.resources().devices().getFirst().count()).isEqualTo(2);
        assertThat(second.environment()).containsEntry("SERAI_GPUS", "2");
        assertThat(ranks).extracting(Pool::queue).containsOnly(ranks.getFirst().id());
    }

    @Test
    void givenTheOnlyDevice_whenAContainerThatHasEndedHasItStill_thenItIsMadeFree() {
        var function = function(10, Duration.ofSeconds(60), H100);
        var pool = server.current(function);
        server.cluster.makeRoom(pool.id(), 1);
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0).ready();
        server.call(pool, 1);
        server.await("one is without a place", () -> {
            server.tick();
            return server.reload(pool.id()).unplaced().isPresent();
        });

        server.departures.ended(container.id(), null, "no sign of life");

        server.await("another has its place", () -> {
            server.passes(PoolScaler.PATIENCE);
            return !server.cluster.at(pool.id(), 0).equals(container.allocation());
        });
    }

    @Test
    void givenRoom_whenInputsArrive_thenOnlyTheFirstIsAsked() {
        var function = function(10, Duration.ofSeconds(60), H100, A100);
        var ranks = ranks(function);
        server.call(ranks.getFirst(), 2);
        server.await("two places", () -> count(ranks.get(0)) == 2);
        server.passes(Duration.ofSeconds(1));
        server.tick();
        assertThat(count(ranks.get(1))).isZero();
    }

    @Test
    void givenNoRoom_whenThePatienceIsOver_thenTheSecondServesTheSameQueueAndTheFirstIsLetGo() {
        var function = function(1, Duration.ofMillis(300), H100, A100);
        var ranks = ranks(function);
        server.cluster.makeRoom(ranks.get(0).id(), 0);
        var call = server.call(ranks.getFirst(), 1);

        server.await(
                "the reason", () -> server.reload(ranks.get(0).id()).unplaced().isPresent());
        assertThat(server.reload(ranks.get(0).id()).unplaced())
                .hasValueSatisfying(u -> assertThat(u)
                        .extracting(Unplaced::containers, Unplaced::reason)
                        .containsExactly(1, NO_ROOM));
        assertThat(count(ranks.get(1))).as("within the patience").isZero();
        server.passes(Duration.ofSeconds(2));
        server.await("the second is asked", () -> {
            assertThat(count(ranks.get(0)) + count(ranks.get(1)))
                    .as("the maximum")
                    .isLessThanOrEqualTo(1);
            return count(ranks.get(1)) == 1;
        });
        var container = server.container(ranks.get(1), 0).ready();
        container.finish(container.claim().getFirst());
        assertThat(server.calls.outputsAfter(call, 0, 10)).hasSize(1);

        server.await("it idles down", () -> count(ranks.get(1)) == 0);
        server.cluster.makeRoom(ranks.get(0).id(), 5);
        server.passes(Duration.ofSeconds(20));
        server.call(ranks.getFirst(), 1);
        server.await("and back", () -> count(ranks.get(0)) == 1);
        assertThat(count(ranks.get(1))).isZero();
    }

    @Test
    void givenNoRoomAtAll_whenACallWaits_thenTheAppsLogsSayItOnce() {
        var function = function(10, Duration.ofSeconds(60), H100);
        var pool = server.current(function);
        server.cluster.makeRoom(pool.id(), 0);
        server.call(pool, 1);

        server.await("a line", () -> !lines(pool).isEmpty());
        server.passes(Duration.ofSeconds(5));
        server.await(
                "it is looked at again",
                () -> server.reload(pool.id()).reason().equals("1 container waits for " + NO_ROOM));

        assertThat(lines(pool)).singleElement().satisfies(line -> {
            assertThat(line.content()).isEqualTo("Function 'f' waits for " + NO_ROOM + "\n");
            assertThat(line.stream()).isEqualTo(3);
            assertThat(line.functionId()).isEqualTo(pool.functionId());
        });
        server.cluster.makeRoom(pool.id(), 1);
        server.container(pool, 0).ready();
        server.await("no shortage", () -> server.reload(pool.id()).unplaced().isEmpty());
    }

    private List<LogChunk> lines(Pool pool) {
        return server.logs.after(pool.appId(), 0, Logs.Filter.NONE, 10);
    }

    @Test
    void givenAnotherRankThatWorks_whenOneFailsToStart_thenTheInputsWaitForTheOther() {
        var function = function(10, Duration.ofSeconds(60), H100, A100);
        var ranks = ranks(function);
        var call = server.call(ranks.getFirst(), 2);
        server.await("places", () -> server.reload(ranks.get(0).id()).size() == 2);
        var works = server.container(ranks.get(0), 0).ready();
        works.claim();
        server.scaler.giveUp(ranks.get(1).id(), new byte[] {1}, "its driver is broken");
        assertThat(server.calls.outputsAfter(call, 0, 10)).isEmpty();
    }
}
