// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.junit.jupiter.api.Test;
import serai.server.TestServer;

class AppsTest {
    private final TestServer server = new TestServer();

    private App app(App.State state) {
        return server.apps.create(server.environment, "an app", state, server.now());
    }

    private App again(App app) {
        return server.apps.get(server.tenant, app.id());
    }

    @Test
    void givenAHeartbeat_whenTheAppIsStoppedMeanwhile_thenItStaysStopped() {
        var app = app(App.State.EPHEMERAL);
        var now = server.now().plusSeconds(15).truncatedTo(ChronoUnit.MILLIS);
        server.together(() -> {
            server.apps.heartbeat(server.tenant, app.id(), now);
            server.beside(() -> server.apps.stop(app.id(), now)).join();
        });
        assertThat(again(app).state()).isEqualTo(App.State.STOPPING);
        assertThat(again(app).heartbeatAt()).isEqualTo(now);
    }

    @Test
    void givenADetachedApp_whenItIsStoppedWhileItsClientGoes_thenItStaysStopped() {
        var app = app(App.State.DETACHED);
        server.together(() -> {
            again(app);
            server.beside(() -> server.apps.stop(app.id(), server.now())).join();
            server.apps.detach(server.tenant, app.id());
        });
        assertThat(again(app).state()).isEqualTo(App.State.STOPPING);
    }

    @Test
    void givenTags_whenTheAppIsDeployedMeanwhile_thenBothAreKept() {
        var app = app(App.State.INITIALIZING);
        var layout = new Layout(Map.of(), Map.of());
        var publication = new Apps.Publication("tagged", App.State.DEPLOYED, "", "1.6.4", layout);
        server.together(() -> {
            server.apps.label(server.tenant, app.id(), Map.of("team", "vision"));
            server.beside(() -> server.apps.publish(server.tenant, app.id(), publication, Map.of(), server.now()))
                    .join();
        });
        assertThat(again(app).state()).isEqualTo(App.State.DEPLOYED);
        assertThat(again(app).version()).isEqualTo(1);
        assertThat(again(app).tags()).containsExactly(Map.entry("team", "vision"));
    }

    @Test
    void givenAnEnvironment_whenItIsDeletedWhileAnAppIsLookedUp_thenNoneIsMadeInIt() {
        var environment = server.workspaces.createEnvironment(server.tenant, "gone");
        assertThatThrownBy(() -> server.together(() -> {
                    server.workspaces.environment(server.tenant, "gone");
                    server.beside(() -> server.workspaces.deleteEnvironment(server.tenant, "gone", server.now()))
                            .join();
                    server.apps.deployable(environment, "an app", server.now());
                }))
                .hasMessageContaining("Environment 'gone' not found");
    }
}
