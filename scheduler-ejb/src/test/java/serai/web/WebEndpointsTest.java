// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.id.NewId;
import serai.server.TestServer;

class WebEndpointsTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final TestServer server = new TestServer();
    private final serai.app.App app = server.app();
    private final serai.function.Function function = server.function(app);
    private final String label = NewId.lowerCase("label");

    @Test
    void givenADefinitionThatRepeatsAnother_whenItIsPublished_thenItIsCalledByTheSameNames() {
        var former = server.define(function, 0, WINDOW);
        server.endpoints.declare(former.id(), "", List.of(label, label + ".example.com"));
        server.endpoints.declare(former.id(), "method", List.of(label + "-method"));
        server.publish(app, function);

        var again = server.define(function, 0, WINDOW);
        server.endpoints.repeat(former, again);
        server.publish(app, function);

        assertThat(server.endpoints.ofApp(app.id(), 10))
                .allSatisfy(endpoint -> assertThat(endpoint.definitionId()).isEqualTo(again.id()))
                .extracting(WebEndpoint::name)
                .containsExactlyInAnyOrder(label, label + ".example.com", label + "-method");
        assertThat(server.endpoints.find(label + "-method"))
                .map(WebEndpoint::method)
                .contains("method");
    }
}
