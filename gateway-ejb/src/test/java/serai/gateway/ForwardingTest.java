// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import modal.client.WebhookConfig;
import modal.client.WebhookType;
import org.junit.jupiter.api.Test;
import serai.web.Networks;
import serai.web.WebEndpoint;
import serai.web.WebRules;

class ForwardingTest {
    private static final InetSocketAddress PEER = new InetSocketAddress("10.1.2.3", 4711);

    @Test
    void whatAStrangerSaysOfWhereItComesFromIsDropped() {
        var request = request(
                "X-Forwarded-For",
                "6.6.6.6",
                "Forwarded",
                "for=6.6.6.6",
                "X-Real-IP",
                "6.6.6.6",
                "X-Forwarded-Proto",
                "https");
        var forwarding = new Forwarding(Networks.of(List.of()));
        var client = forwarding.client(request);
        assertThat(client).isEqualTo(new Scope.Address("10.1.2.3", 4711, "http"));
        assertThat(forwarding.fields(request, route(WebhookType.WEBHOOK_TYPE_ASGI_APP), client))
                .contains(new Field("x-forwarded-for", "10.1.2.3"), new Field("x-forwarded-proto", "http"))
                .contains(new Field("forwarded", "for=10.1.2.3;proto=http;host=\"a.localhost:8000\""))
                .noneMatch(field -> field.value().contains("6.6.6.6"));
    }

    @Test
    void aProxyThatIsTrustedIsBelievedUpToTheFirstStranger() {
        var request = request("X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.9.9.9", "X-Forwarded-Proto", "https");
        var client = new Forwarding(Networks.of(List.of("10.0.0.0/8"))).client(request);
        assertThat(client).isEqualTo(new Scope.Address("203.0.113.9", 0, "https"));
    }

    @Test
    void fieldsOfTheConnectionEndWithIt() {
        var request = request(
                "Connection", "keep-alive, X-Mine", "X-Mine", "1", "Keep-Alive", "5", "TE", "trailers", "X-Other", "2");
        var forwarding = new Forwarding(Networks.of(List.of()));
        var fields = forwarding.fields(request, route(WebhookType.WEBHOOK_TYPE_ASGI_APP), forwarding.client(request));
        assertThat(fields).contains(new Field("x-other", "2"));
        assertThat(fields).extracting(Field::name).doesNotContain("connection", "x-mine", "keep-alive", "te");
    }

    @Test
    void theRuntimesOwnProxyFindsTheFieldAsItWritesIt() {
        var request = request();
        var forwarding = new Forwarding(Networks.of(List.of()));
        assertThat(forwarding.fields(request, route(WebhookType.WEBHOOK_TYPE_WEB_SERVER), forwarding.client(request)))
                .contains(new Field("X-Forwarded-For", "10.1.2.3"));
    }

    private static Request request(String... namesAndValues) {
        var headers = new DefaultHttpHeaders().add("Host", "a.localhost:8000");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        var head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/", headers);
        return Request.of(head, "http", false, PEER, new InetSocketAddress("127.0.0.1", 8000));
    }

    private static Route route(WebhookType type) {
        var endpoint = new WebEndpoint("a", "ws", "en", "ap", "app", "fu", "f", "", "de", WebRules.NONE);
        return new Route(
                endpoint,
                WebhookConfig.newBuilder().setType(type).build(),
                false,
                List.of(),
                Optional.empty(),
                "",
                "/");
    }
}
