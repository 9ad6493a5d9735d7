// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import modal.client.WebhookType;
import serai.web.Networks;

/**
 * The fields of a request as a function sees them: without those of the connection, and with the truth about who asks in place of
 * what the client says about it.
 */
record Forwarding(Networks trusted) {
    private static final Set<String> OURS = Set.of(
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-real-ip",
            "modal-key",
            "modal-secret",
            "serai-timing");

    private static final Set<String> OF_THE_WEB_SOCKET =
            Set.of("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions");

    /** Who asks. A chain of proxies is believed from its near end on, as far as they are trusted. */
    Scope.Address client(Request request) {
        var peer = request.peer().getAddress().getHostAddress().replaceFirst("%.*", "");
        if (!trusted.contains(peer)) {
            return new Scope.Address(peer, request.peer().getPort(), request.scheme());
        }
        var scheme = request.headers().getAll("x-forwarded-proto").stream()
                .flatMap(value -> Field.tokens(value).stream())
                .filter(said -> said.equals("http") || said.equals("https"))
                .reduce((a, b) -> b)
                .orElse(request.scheme());
        var chain = request.headers().getAll("x-forwarded-for").stream()
                .flatMap(value -> Field.tokens(value).stream())
                .toList();
        var client = peer;
        for (int i = chain.size() - 1; i >= 0 && trusted.contains(client) && Networks.isAddress(chain.get(i)); i--) {
            client = chain.get(i);
        }
        return new Scope.Address(client, client.equals(peer) ? request.peer().getPort() : 0, scheme);
    }

    List<Field> fields(Request request, Route route, Scope.Address client) {
        var named = new HashSet<String>();
        request.headers().getAll("connection").forEach(value -> named.addAll(Field.tokens(value)));
        var fields = new ArrayList<Field>();
        for (Map.Entry<String, String> entry : request.headers()) {
            var name = entry.getKey().toLowerCase(Locale.ROOT);
            boolean hidden = Field.isHopByHop(name, named)
                    || (name.equals("authorization") && ProxyCredentials.areIn(entry.getValue()))
                    || OURS.contains(name)
                    || name.startsWith("x-http2-")
                    || name.equals("expect")
                    || (request.webSocket() && OF_THE_WEB_SOCKET.contains(name));
            if (!hidden) {
                fields.add(new Field(name, entry.getValue()));
            }
        }
        // the runtime's own proxy adds this one, and looks for it as it is written here
        boolean server = route.config().getType() == WebhookType.WEBHOOK_TYPE_WEB_SERVER;
        fields.add(new Field(server ? "X-Forwarded-For" : "x-forwarded-for", client.host()));
        fields.add(new Field("x-forwarded-proto", client.scheme()));
        if (!request.host().isEmpty()) {
            fields.add(new Field("x-forwarded-host", request.host()));
        }
        if (!route.root().isEmpty()) {
            fields.add(new Field("x-forwarded-prefix", route.root()));
        }
        fields.add(new Field("forwarded", forwarded(request, client)));
        return fields;
    }

    /** RFC 7239. */
    private static String forwarded(Request request, Scope.Address client) {
        var node = client.host().contains(":") ? "\"[" + client.host() + "]\"" : client.host();
        var text = "for=" + node + ";proto=" + client.scheme();
        return request.host().isEmpty() ? text : text + ";host=\"" + request.host() + "\"";
    }
}
