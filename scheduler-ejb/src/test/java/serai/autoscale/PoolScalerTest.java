// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.activate.Adjuster;
import serai.call.Inputs;
import serai.call.Outcome;
import serai.cluster.PoolJob;
import serai.container.Container;
import serai.event.Event;
import serai.function.AutoscalerSettings;
import serai.log.Logs;
import serai.pool.Pool;
import serai.server.TestServer;

class PoolScalerTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();

    @Test
    void givenAPublishedFunction_whenNobodyCalls_thenTheClusterDoesNotKnowIt() {
        var pool = server.pool(0, WINDOW);
        server.scaler.reconcile(pool.id(), () -> true);
        server.tick();
        assertThat(server.cluster.count(pool.id())).isEmpty();
        assertThat(server.pools.awake()).doesNotContain(pool.id());
        assertThat(server.reload(pool.id()).isDeclared()).isFalse();
    }

    @Test
    void givenAPublishedFunction_whenItIsCalledFirst_thenItsJobIsKnown() {
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        server.await("a place", () -> server.cluster.count(pool.id()).equals(Optional.of(1)));

        var job = server.cluster.job(pool.id());
        assertThat(job.labels())
                .containsEntry("function", "f")
                .containsEntry("environment", "main")
                .containsEntry("workspace", server.tenant.workspaceName())
                .containsKeys("app", "version")
                .hasEntrySatisfying(
                        "serai_url", link -> assertThat(link).startsWith("http://127.0.0.1:8080/api/v1/functions/fu-"));
        assertThat(job.resources()).isEqualTo(new PoolJob.Resources(100, 128, 0, 512));
        assertThat(job.maxContainers()).as("its own may be changed").isEqualTo(100);
        assertThat(job.secret()).isEqualTo(pool.secret());
        assertThat(job.runner().artifacts().getFirst()).hasToString("http://127.0.0.1:8080/internal/v1/runner.pyz");
        assertThat(job.environment()).containsEntry("SERAI_POOL", pool.id().value());
        server.await("it is kept that it is", () -> server.reload(pool.id()).isDeclared());
    }

    @Test
    void givenASetting_whenItIsAdjusted_thenItHoldsUntilTheNextDeployment() {
        var app = server.app();
        var function = server.function(app);
        server.define(function, new AutoscalerSettings(0, 1, 0, WINDOW));
        server.publish(app, function);
        var published = server.functions.get(server.tenant, function.id());
        var pool = server.current(function);

        var now = server.adjuster.adjust(published, new Adjuster.Change(2, 3, null, null), server.now());

        assertThat(now).isEqualTo(new AutoscalerSettings(2, 3, 0, WINDOW));
        server.await("the minimum", () -> server.cluster.count(pool.id()).equals(Optional.of(2)));
        server.call(pool, 9);
        server.await("the maximum", () -> server.cluster.count(pool.id()).equals(Optional.of(3)));
        server.define(function, new AutoscalerSettings(0, 1, 0, WINDOW));
        server.publish(app, function);
        assertThat(server.adjuster.adjusted(server.functions.get(server.tenant, function.id())))
                .isEmpty();
    }

    @Test
    void givenAWorkspaceAtItsLimit_whenAnotherFunctionNeedsOne_thenItWaitsAndSaysSo() {
        server.workspaceContainers(2);
        var first = server.pool(2, WINDOW);
        server.await("both", () -> server.reload(first.id()).size() == 2);
        var second = server.pool(0, WINDOW);
        server.call(second, 1);

        server.await("the reason", () -> server.reload(second.id()).reason().contains("its workspace has all"));

        assertThat(server.cluster.count(second.id()).orElse(0)).isZero();
        server.workspaceContainers(3);
        server.await(
                "a place", () -> server.reload(second.id()).size() == 1); // written down after the cluster was asked
        var function = server.functions.find(second.functionId()).orElseThrow();
        assertThat(server.events.ofFunction(
                        function.id(), Instant.EPOCH, server.now().plusSeconds(60), Long.MAX_VALUE, 10))
                .extracting(Event::kind, e -> e.reason().split(":")[0])
                .containsExactly(
                        tuple(Event.Kind.SCALED, "from 0 to 1 containers"),
                        tuple(Event.Kind.EXPLAINED, "its workspace has all the containers that it may have"));
    }

    @Test
    void givenAPoolAtZero_whenInputsArrive_thenThereIsAContainerForEach() {
        var pool = server.pool(0, WINDOW);

        server.call(pool, 3);

        server.await("three places", () -> server.cluster.count(pool.id()).equals(Optional.of(3)));
        server.await("they are kept", () -> server.reload(pool.id()).size() == 3);
        assertThat(server.reload(pool.id()).reason()).isEqualTo("3 inputs wait, 0 run: 3 of at most 10 containers");
    }

    @Test
    void givenAMinimum_whenPublished_thenItIsStarted() {
        var pool = server.pool(2, WINDOW);

        server.await("two places", () -> server.cluster.count(pool.id()).equals(Optional.of(2)));
    }

    @Test
    void givenAnIdleContainer_whenTheWindowIsOver_thenItClaimsNoMoreAndThePoolIsAtZero() {
        var pool = server.pool(0, Duration.ofMillis(300));
        server.call(pool, 1);
        server.await("a place", () -> server.cluster.count(pool.id()).equals(Optional.of(1)));
        var container = server.container(pool, 0).ready();
        container.finish(container.claim().getFirst());
        assertThat(container.isTold()).isFalse();

        server.await("at zero", () -> server.cluster.count(pool.id()).equals(Optional.of(0)));

        assertThat(container.isTold()).isTrue();
        server.call(pool, 1);
        assertThat(container.claim()).isEmpty();
        server.await("another place", () -> server.cluster.count(pool.id()).equals(Optional.of(1)));
    }

    @Test
    void givenAClusterThatIsAway_whenInputsArrive_thenThePoolSaysSoAndScalesLater() {
        server.cluster.goAway();
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        server.await(
                "the reason",
                () -> server.reload(pool.id()).reason().equals("The cluster does not answer: it is away"));

        server.cluster.comeBack();

        server.await("a place", () -> server.cluster.count(pool.id()).equals(Optional.of(1)));
    }

    @Test
    void givenASizeThatWasNotWrittenDown_whenItsContainersWork_thenNoneIsTakenAndInTheEndAllGo() {
        var pool = server.pool(0, Duration.ofMillis(300));
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        server.container(pool, 0).ready();
        server.cluster.resize(pool.id(), 2, "a server asked for it and died before it wrote it down");
        var works = server.container(pool, 1).ready();
        var claimed = works.claim().getFirst();
        server.passes(Duration.ofSeconds(1));

        server.tick();
        assertThat(server.cluster.count(pool.id())).contains(2);
        works.finish(claimed);

        server.await("at zero", () -> server.cluster.count(pool.id()).equals(Optional.of(0)));
    }

    @Test
    void givenAClusterThatLostEverything_whenAnInputWaits_thenItsJobIsDeclaredAgain() {
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);

        server.cluster.reset();
        server.scaler.reconcile(pool.id(), () -> true); // it sees that a container is missing
        server.passes(PoolScaler.PATIENCE);

        server.await("a place again", () -> server.cluster.count(pool.id()).equals(Optional.of(1)));
    }

    @Test
    void givenAClusterThatLostEverything_whenMoreInputsArrive_thenItsJobIsDeclaredAgainAtOnce() {
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        server.cluster.reset();

        server.call(pool, 1);

        server.await("two places", () -> server.cluster.count(pool.id()).equals(Optional.of(2)));
    }

    @Test
    void givenAContainerThatEndedByItself_whenAnInputWaits_thenItsPlaceIsFilledAgain() {
        var pool = server.pool(0, WINDOW);
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        server.container(pool, 0).ready().exit(0);
        server.scaler.reconcile(pool.id(), () -> true);
        server.passes(PoolScaler.PATIENCE);

        server.await("a place again", () -> server.cluster.at(pool.id(), 0) != null);
    }

    @Test
    void givenAContainerWhoseEndIsWrittenDown_whenNobodyAskedTheClusterForIt_thenItsPlaceIsMadeFree() {
        var app = server.app();
        var function = server.function(app);
        server.define(function, new AutoscalerSettings(0, 1, 0, WINDOW));
        server.publish(app, function);
        var pool = server.current(function);
        server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0).ready();
        container.claim();
        server.departures.ended(container.id(), null, "no sign of life");

        server.await("another has its place", () -> {
            server.passes(PoolScaler.PATIENCE);
            return !server.cluster.at(pool.id(), 0).equals(container.allocation());
        });
        var next = server.cluster.at(pool.id(), 0);
        for (int i = 0; i < 5; i++) {
            server.passes(PoolScaler.PATIENCE);
            server.scaler.reconcile(pool.id(), () -> true);
        }
        assertThat(server.cluster.at(pool.id(), 0))
                .as("which starts, and is left alone")
                .isEqualTo(next);
    }

    @Test
    void givenStartsThatFail_whenTheLimitIsReached_thenTheInputsFailWithTheLastWords() {
        var pool = server.pool(0, WINDOW);
        var call = server.call(pool, 2);
        server.await("places", () -> server.reload(pool.id()).size() == 2);

        for (int i = 0; i < 3; i++) {
            server.await("a place", () -> {
                server.passes(PoolScaler.PATIENCE);
                return server.cluster.at(pool.id(), 0) != null;
            });
            var container = server.container(pool, 0);
            server.logs.append(
                    container.row(), true, List.of(new Logs.Piece(server.now(), 2, "no such interpreter\n")));
            container.exit(3);
        }

        server.await(
                "the inputs failed",
                () -> server.calls.outputsAfter(call, 0, 10).size() == 2);
        assertThat(server.calls.outputsAfter(call, 0, 10)).allSatisfy(output -> {
            assertThat(output.outcome()).isEqualTo(Outcome.FAILURE);
            assertThat(output.reason()).contains("3 starts in a row failed", "exit code 3", "no such interpreter");
        });
        server.await("at zero", () -> server.cluster.count(pool.id()).equals(Optional.of(0)));
        server.call(pool, 1);
        server.await(
                "the next input tries again",
                () -> server.cluster.count(pool.id()).equals(Optional.of(1)));
    }

    @Test
    void givenAContainerWithItsOwnWords_whenItsStartFails_thenTheInputsFailWithThemAtOnce() {
        var pool = server.pool(0, WINDOW);
        var call = server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0);
        var words = "ImportError".getBytes(StandardCharsets.UTF_8);

        server.departures.startFailed(container.id(), words, "ImportError: no module named x");

        assertThat(server.calls.outputsAfter(call, 0, 10))
                .singleElement()
                .satisfies(output -> assertThat(output.content()).isEqualTo(words));
        assertThat(server.cluster.count(pool.id())).contains(0);
        container.exit(1);
        assertThat(server.reload(pool.id()).failures()).isZero();
    }

    @Test
    void givenAnotherThatWorks_whenAStartFails_thenNothingIsGivenUp() {
        var pool = server.pool(0, WINDOW);
        var call = server.call(pool, 2);
        server.await("places", () -> server.reload(pool.id()).size() == 2);
        var works = server.container(pool, 0).ready();
        var claimed = works.claim().getFirst();

        server.departures.startFailed(server.container(pool, 1).id(), new byte[] {1}, "it was unlucky");

        assertThat(server.calls.outputsAfter(call, 0, 10)).isEmpty();
        assertThat(server.cluster.count(pool.id())).contains(2);
        works.finish(claimed);
        assertThat(server.inputs.load(pool.id())).isEqualTo(new Inputs.Load(1, 0));
        assertThat(works.row().state()).isEqualTo(Container.State.ACTIVE);
    }

    @Test
    void givenAnAppThatWasStopped_whenAPoolOfItIsMadeLate_thenItGoesAsWell() {
        var pool = server.pool(0, WINDOW);
        var late = server.call(pool, 1);
        server.apps.stop(pool.appId(), server.now());

        server.await("it is gone", () -> {
            server.tick();
            return server.reload(pool.id()).state() == Pool.State.GONE;
        });

        assertThat(server.calls.outputsAfter(late, 0, 10))
                .singleElement()
                .satisfies(output -> assertThat(output.outcome()).isEqualTo(Outcome.TERMINATED));
    }

    @Test
    void givenAStopWhoseGraceIsOver_whenAContainerIsLostThatStillWorked_thenItsInputDoesNotWaitForEver() {
        var pool = server.pool(0, WINDOW);
        var call = server.call(pool, 1);
        server.await("a place", () -> server.reload(pool.id()).size() == 1);
        var container = server.container(pool, 0).ready();
        container.claim();
        server.apps.stop(pool.appId(), server.now());
        server.passes(Duration.ofSeconds(2));
        server.await("it is gone", () -> server.reload(pool.id()).state() == Pool.State.GONE);

        server.departures.ended(container.id(), 137, "killed");

        server.await(
                "it has an end",
                () -> server.calls.outputsAfter(call, 0, 10).stream()
                        .anyMatch(output -> output.outcome() == Outcome.TERMINATED));
    }
}
