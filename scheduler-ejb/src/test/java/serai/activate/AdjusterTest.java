// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import serai.server.TestServer;

class AdjusterTest {
    private final TestServer server = new TestServer();

    @Test
    void givenTwoWhoChangeAnAutoscalerAtOnce_thenBothChangesHold() {
        var pool = server.pool(0, Duration.ofMinutes(1));
        var function = server.functions.get(server.tenant, pool.functionId());
        var other = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            server.adjuster.adjust(function, new Adjuster.Change(null, null, 3, null), server.now());
            other.set(server.beside(
                    () -> server.adjuster.adjust(function, new Adjuster.Change(null, 7, null, null), server.now())));
            server.beside(() -> server.awaitWaiting(1, "function")).join();
        });
        other.get().join();
        assertThat(server.adjuster.current(function).bufferContainers()).isEqualTo(3);
        assertThat(server.adjuster.current(function).maxContainers()).isEqualTo(7);
    }
}
