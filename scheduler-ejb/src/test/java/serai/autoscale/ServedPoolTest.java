// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.activate.Doorkeeper;
import serai.container.Container;
import serai.database.DatabaseClock;
import serai.function.AutoscalerSettings;
import serai.id.NewId;
import serai.serve.Door;
import serai.server.TestContainer;
import serai.server.TestServer;

/** Pools whose containers serve HTTP: their work is what servers tell of requests. */
class ServedPoolTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();
    private final Doorkeeper doorkeeper =
            new Doorkeeper(server.serving, server.containers, server.reconciliations, new DatabaseClock(server.jdbi));
    private final String self = NewId.lowerCase("sv");

    private static Door door(TestContainer container) {
        return new Door(container.id(), "127.0.0.1", 40_123, "a token");
    }

    private TestContainer ready(serai.pool.Pool pool, int ordinal) {
        var container = server.container(pool, ordinal);
        doorkeeper.entered(container.id(), pool.id());
        doorkeeper.told(door(container), pool.id(), true);
        return container;
    }

    @Test
    void givenRequestsThatWait_thenThereIsAContainerForEachUpToTheMaximum() {
        var pool = server.served(new AutoscalerSettings(0, 2, 0, WINDOW));
        server.serving.report(self, pool.id(), 3, Map.of());
        server.await("two", () -> server.cluster.count(pool.id()).equals(Optional.of(2)));
    }

    @Test
    void givenAContainerThatWasEnteredAndListens_thenItIsReadyAndItsLeaseIsRenewed() {
        var pool = server.served(new AutoscalerSettings(1, 2, 0, WINDOW));
        server.await("one", () -> server.cluster.count(pool.id()).equals(Optional.of(1)));
        var container = server.container(pool, 0);
        var beat = container.row().heartbeatAt();

        doorkeeper.told(door(container), pool.id(), false);
        assertThat(container.row().state()).isEqualTo(Container.State.STARTING);
        assertThat(container.row().heartbeatAt()).isAfter(beat);
        doorkeeper.entered(container.id(), pool.id());
        assertThat(container.row().state()).isEqualTo(Container.State.STARTING);
        doorkeeper.told(door(container), pool.id(), true);
        assertThat(container.row().state()).isEqualTo(Container.State.ACTIVE);
        assertThat(server.serving.doors(pool.id())).containsExactly(door(container));
    }

    @Test
    void givenAContainerThatIsHeld_whenTheWindowIsOver_thenItStaysUntilItIsReleased() {
        var pool = server.served(new AutoscalerSettings(0, 2, 0, WINDOW));
        server.serving.report(self, pool.id(), 1, Map.of());
        server.await("one", () -> server.cluster.count(pool.id()).equals(Optional.of(1)));
        var container = ready(pool, 0);
        assertThat(server.serving.hold(container.id(), self)).isTrue();
        server.serving.report(self, pool.id(), 0, Map.of(container.id(), 0));

        server.passes(WINDOW.multipliedBy(2));
        server.scaler.reconcile(pool.id(), () -> true);
        assertThat(server.cluster.count(pool.id())).contains(1);

        server.serving.release(container.id(), self);
        server.passes(WINDOW.multipliedBy(2));
        server.await("none", () -> server.cluster.count(pool.id()).equals(Optional.of(0)));
        assertThat(server.serving.hold(container.id(), self)).isFalse();
    }
}
