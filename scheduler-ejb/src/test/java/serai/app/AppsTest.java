// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
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

    /** Somebody else's transaction, whole. */
    private void meanwhile(Runnable work) {
        CompletableFuture.runAsync(work).join();
    }

    @Test
    void givenAHeartbeat_whenTheAppIsStoppedMeanwhile_thenItStaysStopped() {
        var app = app(App.State.EPHEMERAL);
        var now = server.now().plusSeconds(15).truncatedTo(ChronoUnit.MILLIS);
        server.together(() -> {
            server.apps.heartbeat(server.tenant, app.id(), now);
            meanwhile(() -> server.apps.stop(app.id(), now));
        });
        assertThat(again(app).state()).isEqualTo(App.State.STOPPING);
        assertThat(again(app).heartbeatAt()).isEqualTo(now);
    }

    @Test
    void givenADetachedApp_whenItIsStoppedWhileItsClientGoes_thenItStaysStopped() {
        var app = app(App.State.DETACHED);
        server.together(() -> {
            again(app);
            meanwhile(() -> server.apps.stop(app.id(), server.now()));
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
            meanwhile(() -> server.apps.publish(server.tenant, app.id(), publication, Map.of(), server.now()));
        });
        assertThat(again(app).state()).isEqualTo(App.State.DEPLOYED);
        assertThat(again(app).version()).isEqualTo(1);
        assertThat(again(app).tags()).containsExactly(Map.entry("team", "vision"));
    }
}
