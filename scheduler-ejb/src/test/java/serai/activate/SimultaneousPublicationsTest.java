// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.function.Function;
import serai.id.NewId;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.schedule.Arguments;
import serai.schedule.Cron;
import serai.server.TestServer;

/** Publications, rollouts and the end of one app at one moment, as on two servers. */
class SimultaneousPublicationsTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();
    private final App app = server.app();
    private final Function function = server.function(app);

    @Test
    void givenAPublication_whenItIsRolledOutAfterALaterOne_thenThePoolsOfTheLaterOneStay() {
        var other = server.functions.reserve(app, "g", Optional.empty());
        server.define(function, 0, WINDOW);
        server.define(other, 0, WINDOW);
        var earlier = server.publishOnly(app, other);
        server.publish(app, function, other);
        var pool = server.current(function);
        server.call(pool, 1);

        server.publisher.published(earlier);

        assertThat(server.reload(pool.id()).state()).isEqualTo(Pool.State.ACTIVE);
        assertThat(server.inputs.load(pool.id()).pending()).isEqualTo(1);
    }

    @Test
    void givenARolloutUnderWay_whenALaterPublicationIsRolledOutMeanwhile_thenNothingGoesBackToTheOlderVersion() {
        server.define(function, 0, WINDOW);
        var earlier = server.publish(app, function);
        var old = server.current(function);
        server.call(old, 1);
        var rollout = new AtomicReference<CompletableFuture<Void>>();

        server.together(() -> {
            server.define(function, 0, WINDOW);
            var later = server.publishOnly(app, function);
            rollout.set(server.beside(() -> server.publisher.published(earlier)));
            server.beside(() -> server.awaitWaiting(1, "id")).join();
            server.publisher.published(later);
        });
        rollout.get().join();

        var pool = server.current(function);
        assertThat(pool.id()).isNotEqualTo(old.id());
        assertThat(server.inputs.load(pool.id()).pending()).isEqualTo(1);
        assertThat(active()).containsExactly(pool.id());
    }

    @Test
    void givenAPublication_whenItsAppIsStoppedBeforeTheRollout_thenNoPoolIsMade() {
        server.define(function, 1, WINDOW);
        var published = server.publishOnly(app, function);
        server.publisher.stopped(app.id());

        server.publisher.published(published);

        assertThat(active()).isEmpty();
    }

    @Test
    void givenARollbackToThePresentVersion_whenAnotherIsDeployedMeanwhile_thenTheFunctionRunsByWhatIsPublished() {
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var rollback = new AtomicReference<CompletableFuture<Void>>();

        server.together(() -> {
            server.define(function, 0, WINDOW);
            server.publishOnly(app, function);
            rollback.set(server.beside(() -> server.deployments.rollBack(server.tenant, app.id(), 1, server.now())));
            server.beside(() -> server.awaitWaiting(1, "app")).join();
        });
        rollback.get().join();

        var now = server.apps.get(server.tenant, app.id());
        assertThat(now.version()).isEqualTo(3);
        assertThat(server.apps.definitions(now, 3))
                .containsEntry(
                        function.id(),
                        server.functions.get(server.tenant, function.id()).definitionId());
    }

    @Test
    void givenALookThatIsOlderThanARollback_whenItRetiresThePool_thenThePoolStays() {
        server.define(function, 0, WINDOW);
        server.publish(app, function);
        var pool = server.current(function);

        assertThat(server.retirements.begin(pool.id())).isFalse();

        assertThat(server.reload(pool.id()).state()).isEqualTo(Pool.State.ACTIVE);
    }

    @Test
    void givenACallThatMakesAPool_whenAnotherVersionIsPublishedMeanwhile_thenThePoolIsOfThatOne() {
        server.define(function, 0, WINDOW);
        server.publishOnly(app, function);
        var seen = server.functions.get(server.tenant, function.id());
        var next = server.define(function, 0, WINDOW);
        server.publishOnly(app, function);

        assertThat(server.pools.of(seen).definitionId()).isEqualTo(next.id());
    }

    @Test
    void givenTheSchedulesOfAnEarlierPublication_whenTheyFollowDuringALaterOne_thenTheyAreOfTheLaterOne() {
        var name = NewId.of("name");
        deploy(name, "0 1 * * *");
        var following = new AtomicReference<CompletableFuture<Void>>();

        server.together(() -> {
            deploy(name, "0 2 * * *");
            following.set(server.beside(() -> server.schedules.follow(app.id(), server.now())));
            server.beside(() -> server.awaitWaiting(1, "app")).join();
        });
        following.get().join();

        assertThat(server.schedules.list(server.tenant, app.id(), null, 10))
                .singleElement()
                .satisfies(schedule ->
                        assertThat(schedule.timetable().expression()).isEqualTo("0 2 * * *"));
    }

    @Test
    void givenTwoDeploymentsOfOneName_whenOneLooksTheAppUpFirst_thenTheyTakeTurns() {
        var name = NewId.of("name");
        deploy(name, "0 1 * * *");
        var second = new AtomicReference<CompletableFuture<Void>>();

        server.together(() -> {
            server.apps.deployable(server.environment, name, server.now());
            second.set(server.beside(() -> deploy(name, "0 2 * * *")));
            server.beside(() -> server.awaitWaiting(1, "environment")).join();
            deploy(name, "0 3 * * *");
        });
        second.get().join();

        assertThat(server.apps.get(server.tenant, app.id()).version()).isEqualTo(3);
    }

    private void deploy(String name, String cron) {
        var definition = server.define(function, 0, WINDOW);
        server.schedules.declare(definition, Cron.of(cron, "UTC"), new Arguments(new byte[0], 0));
        var layout = new Layout(Map.of(function.name(), function.id()), Map.of());
        var publication = new Apps.Publication(name, App.State.DEPLOYED, "", "1.6.4", layout);
        server.deployments.publish(
                server.tenant, app.id(), publication, Map.of(function.id(), definition.id()), server.now());
    }

    private List<PoolId> active() {
        return server.pools.ofApp(app.id()).stream()
                .filter(pool -> pool.state() == Pool.State.ACTIVE)
                .map(Pool::id)
                .toList();
    }
}
