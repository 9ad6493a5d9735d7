// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import serai.server.TestServer;

class WebRulesOfFunctionsTest {
    private final TestServer server = new TestServer();
    private final WebRulesOfFunctions rules = new WebRulesOfFunctions(server.jdbi);

    @Test
    void givenTwoWhoSetTheRulesOfAFunctionAtOnce_thenThoseOfTheLastOneHold() {
        var function = server.pool(0, Duration.ofMinutes(1)).functionId();
        var second = maxBody(2);
        var other = new AtomicReference<CompletableFuture<Void>>();
        server.together(() -> {
            rules.put(function, maxBody(1));
            other.set(server.beside(() -> server.together(() -> rules.put(function, second))));
            server.beside(() -> server.awaitWaiting(1, "function")).join();
        });
        other.get().join();
        assertThat(rules.of(function)).isEqualTo(second);
    }

    private static WebRules maxBody(long bytes) {
        return new WebRules(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(bytes),
                Optional.empty(),
                Optional.empty());
    }
}
