// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import serai.app.App;
import serai.call.Inputs;
import serai.call.Outcome;
import serai.call.Output;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.server.TestServer;

class PublisherTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();

    @Test
    void givenANewDefinition_whenPublished_thenWaitingInputsMoveAndRunningOnesAreFinished() {
        var app = server.app();
        var function = server.function(app);
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var old = server.current(function);
        var call = server.call(old, 2);
        server.await("places", () -> server.reload(old.id()).size() == 2);
        var container = server.container(old, 0).ready();
        var running = container.claim().getFirst();

        server.define(function, 0, WINDOW);
        server.publish(app, function);

        var next = server.current(function);
        assertThat(next.id()).isNotEqualTo(old.id());
        assertThat(server.inputs.load(next.id())).isEqualTo(new Inputs.Load(1, 0));
        assertThat(container.isTold()).isTrue();
        server.await(
                "the new one has a place", () -> server.cluster.count(next.id()).equals(Optional.of(1)));
        server.await(
                "the old one keeps the one that works",
                () -> server.cluster.count(old.id()).equals(Optional.of(1)));
        assertThat(container.allocation()).isEqualTo(server.cluster.at(old.id(), 0));
        container.finish(running);
        container.exit(0);
        assertThat(server.calls.outputsAfter(call, 0, 10)).hasSize(1);
        server.await("the old one is gone", () -> isGone(old.id()));
    }

    @Test
    void givenACallThatIsStillBeingWritten_whenItsPoolIsSupersededAndGoneMeanwhile_thenItMovesToTheNewOne() {
        var app = server.app();
        var function = server.function(app);
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var old = server.current(function);

        server.together(() -> {
            server.call(old, 1);
            server.beside(() -> {
                        server.define(function, 0, WINDOW);
                        server.publish(app, function);
                        server.await("the old one is gone", () -> isGone(old.id()));
                    })
                    .join();
        });

        var next = server.current(function);
        server.await("it waits there", () -> server.inputs.load(next.id()).pending() == 1);
        assertThat(server.pools.awake()).contains(next.id()).doesNotContain(old.id());
    }

    @Test
    void givenAVersionThatIsRolledBackTo_whenAnInputOfItsFirstDaysIsLost_thenItRunsAgainInItsNewPool() {
        var app = server.app();
        var function = server.function(app);
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var first = server.current(function);
        var call = server.call(first, 1);
        server.await("a place", () -> server.reload(first.id()).size() == 1);
        var container = server.container(first, 0).ready();
        container.claim();
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        server.publisher.published(server.deployments.rollBack(server.tenant, app.id(), 1, server.now()));

        container.exit(137);

        var again = server.current(function);
        assertThat(again.definitionId()).isEqualTo(first.definitionId());
        server.await("it waits there", () -> server.inputs.load(again.id()).pending() == 1);
        assertThat(outcomes(call)).isEmpty();
    }

    @Test
    void givenAFunctionThatIsLeftOut_whenPublished_thenWhatWaitsForItIsTerminated() {
        var app = server.app();
        var function = server.function(app);
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var pool = server.current(function);
        var call = server.call(pool, 1);

        server.publish(app);

        assertThat(server.calls.outputsAfter(call, 0, 10)).singleElement().satisfies(output -> {
            assertThat(output.outcome()).isEqualTo(Outcome.TERMINATED);
            assertThat(output.reason()).isEqualTo("Function 'f' is no longer part of its app");
        });
        server.await("its pool is gone", () -> isGone(pool.id()));
    }

    @Test
    void givenAPoolThatIsSized_whenItBeginsToEndMeanwhile_thenBothAreWrittenDown() {
        var pool = server.pool(0, WINDOW);
        server.together(() -> {
            server.pools.get(pool.id());
            server.beside(() -> server.pools.drain(pool.id())).join();
            server.pools.resized(pool.id(), 1, "an input waits", server.now());
        });
        assertThat(server.reload(pool.id()).state()).isEqualTo(Pool.State.DRAINING);
        assertThat(server.reload(pool.id()).size()).isEqualTo(1);
    }

    @Test
    void givenAnAppWithAnIdleContainer_whenStopped_thenItIsOverAsSoonAsTheContainerEnds() {
        server.stopGrace(Duration.ofHours(1));
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0).ready();
        container.finish(container.claim().getFirst());

        server.publisher.stopped(pool.appId());

        assertThat(container.isTold()).isTrue();
        assertThat(state(pool)).isEqualTo(App.State.STOPPING);
        container.exit(0);
        server.await("the app is stopped", () -> state(pool) == App.State.STOPPED);
        server.await("its pool is gone", () -> isGone(pool.id()));
    }

    @Test
    void givenAnAppWithABusyContainer_whenStopped_thenItIsOverAfterTheGraceAndTheClusterEndsTheRest() {
        var pool = server.pool(0, WINDOW);
        var call = server.call(pool, 2);
        server.await("places", () -> server.reload(pool.id()).size() == 2);
        server.container(pool, 0).ready().claim();

        server.publisher.stopped(pool.appId());

        assertThat(server.calls.outputsAfter(call, 0, 10))
                .hasSize(2)
                .allSatisfy(output -> assertThat(output.outcome()).isEqualTo(Outcome.TERMINATED));
        server.await("the app is stopped", () -> state(pool) == App.State.STOPPED);
        server.await("its job is gone", () -> server.cluster.count(pool.id()).isEmpty());
        server.await("its pool is gone", () -> isGone(pool.id()));
    }

    @Test
    void givenAnAppThatNeverRan_whenStopped_thenItIsStopped() {
        var app = server.app();

        server.publisher.stopped(app.id());

        server.await("stopped", () -> server.apps.find(app.id()).orElseThrow().state() == App.State.STOPPED);
        server.publisher.stopped(app.id());
        assertThat(server.apps.find(app.id()).orElseThrow().state()).isEqualTo(App.State.STOPPED);
    }

    @Test
    void givenAnEndThatAnotherRunOfTheServerBegan_whenResumed_thenItIsFinished() {
        var pool = server.pool(0, WINDOW);
        server.apps.stop(pool.appId(), server.now());

        server.publisher.resume();

        server.await("stopped", () -> state(pool) == App.State.STOPPED);
        server.await("its pool is gone", () -> isGone(pool.id()));
    }

    @Test
    void givenAServerThatDiedBetweenTheTwoStepsOfAStop_whenResumed_thenWhatRunsIsTerminatedAndNotLeftOver() {
        var pool = server.pool(0, WINDOW);
        var call = server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0).ready();
        container.claim();
        server.apps.stop(pool.appId(), server.now());

        server.publisher.resume();

        assertThat(outcomes(call)).containsExactly(Outcome.TERMINATED);
        assertThat(container.isTold()).isTrue();
        server.await("stopped", () -> state(pool) == App.State.STOPPED);
        server.await("its pool is gone", () -> isGone(pool.id()));
    }

    @Test
    void givenSeveralEndsToResume_whenOneFails_thenTheOthersBegin() {
        var first = server.pool(0, WINDOW);
        var second = server.pool(0, WINDOW);
        var calls = List.of(server.call(first, 1), server.call(second, 1));
        server.apps.stop(first.appId(), server.now());
        server.apps.stop(second.appId(), server.now());

        server.publisher(work -> {
                    throw new RejectedExecutionException();
                })
                .resume();

        assertThat(calls).allSatisfy(call -> assertThat(outcomes(call)).containsExactly(Outcome.TERMINATED));
    }

    private List<Outcome> outcomes(String call) {
        return server.calls.outputsAfter(call, 0, 10).stream()
                .map(Output::outcome)
                .toList();
    }

    private App.State state(Pool pool) {
        return server.apps.find(pool.appId()).orElseThrow().state();
    }

    private boolean isGone(PoolId pool) {
        return server.reload(pool).state() == Pool.State.GONE;
    }
}
