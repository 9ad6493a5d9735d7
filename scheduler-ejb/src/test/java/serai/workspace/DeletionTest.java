// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.secret.Variables;
import serai.server.TestServer;

/** An environment that is deleted, and somebody who makes something in it at the same moment. */
class DeletionTest {
    private final TestServer server = new TestServer();
    private Environment environment;

    @BeforeEach
    void anEnvironmentBesideTheStandardOne() {
        environment = server.workspaces.createEnvironment(server.tenant, "gone");
    }

    /** As a client's request does it. */
    private void delete() {
        server.together(() -> {
            var deleted = server.workspaces.deleteEnvironment(server.tenant, "gone", server.now());
            server.apps.running(deleted).forEach(app -> server.apps.stop(app.id(), server.now()));
        });
    }

    private App.State state(App app) {
        return server.apps.get(server.tenant, app.id()).state();
    }

    private App create(App.State state) {
        return server.apps.create(environment, "an app", state, server.now());
    }

    private App publish(App app) {
        var publication = new Apps.Publication("an app", App.State.DEPLOYED, "", "1.6.4", Layout.EMPTY);
        return server.deployments.publish(server.tenant, app.id(), publication, Map.of(), server.now());
    }

    /** @return what was made, once the deletion that came after its beginning is done */
    private App beforeADeletion(Supplier<App> begin, UnaryOperator<App> finish) {
        var made = new AtomicReference<App>();
        var deletion = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            var begun = begin.get();
            deletion.set(server.beside(this::delete));
            server.beside(() -> server.awaitWaiting(1, "environment")).join();
            made.set(finish.apply(begun));
        });
        deletion.get().join();
        return made.get();
    }

    @Test
    void givenADeployment_whenItsEnvironmentIsDeletedMeanwhile_thenItsAppEnds() {
        var app = beforeADeletion(() -> server.apps.deployable(environment, "an app", server.now()), this::publish);
        assertThat(state(app)).isEqualTo(App.State.STOPPING);
    }

    @Test
    void givenARun_whenItsEnvironmentIsDeletedMeanwhile_thenItsAppEnds() {
        var app = beforeADeletion(() -> create(App.State.DETACHED), UnaryOperator.identity());
        assertThat(state(app)).isEqualTo(App.State.STOPPING);
    }

    @Test
    void givenADeletion_whenAnAppIsDeployedMeanwhile_thenThatIsRefusedAndTheAppEnds() {
        var app = create(App.State.DETACHED);
        var deployment = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            var deleted = server.workspaces.deleteEnvironment(server.tenant, "gone", server.now());
            deployment.set(server.beside(() -> publish(app)));
            server.beside(() -> server.awaitWaiting(1, "environment")).join();
            server.apps.running(deleted).forEach(running -> server.apps.stop(running.id(), server.now()));
        });
        assertThatThrownBy(() -> deployment.get().join()).hasMessageContaining("Environment 'gone' not found");
        assertThat(state(app)).isEqualTo(App.State.STOPPING);
    }

    @Test
    void givenTwoRuns_whenTheyBeginAtOnce_thenNeitherWaits() {
        server.together(() -> {
            create(App.State.EPHEMERAL);
            server.beside(() -> create(App.State.EPHEMERAL)).join();
        });
    }

    /** What can be made in an environment. */
    private enum Kind {
        APP,
        APP_OF_THE_PLATFORM,
        SECRET,
        MOUNT,
        NAME_OF_AN_IMAGE
    }

    private Object make(Kind kind) {
        return switch (kind) {
            case APP -> create(App.State.DETACHED);
            case APP_OF_THE_PLATFORM -> server.apps.createInternal(environment, "a build", server.now());
            case SECRET ->
                server.secrets(Base64.getEncoder().encodeToString(new byte[32]))
                        .createNameless(environment, null, new Variables(Map.of()), server.now());
            case MOUNT -> server.mounts.create(server.tenant, environment, Optional.empty(), List.of());
            case NAME_OF_AN_IMAGE -> {
                var image = server.image(Optional.empty(), Optional.empty(), "FROM python:3.12-slim", "RUN true");
                server.imageNames.give(environment, "lab:v1", image, server.now());
                yield image;
            }
        };
    }

    @ParameterizedTest
    @EnumSource
    void givenAnEnvironment_whenItIsDeletedWhileSomethingIsMadeInIt_thenThatIsRefused(Kind kind) {
        delete();
        assertThatThrownBy(() -> make(kind)).hasMessageContaining("Environment 'gone' not found");
    }
}
