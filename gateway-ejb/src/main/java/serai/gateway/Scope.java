// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import com.google.protobuf.ByteString;
import com.upokecenter.cbor.CBORObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import modal.client.DataFormat;
import modal.client.FunctionInput;
import modal.client.WebhookType;

/** What a function is told of a request: the connection scope of ASGI, as the one argument of its call. */
final class Scope {
    private static final CBORObject NO_KEYWORDS = CBORObject.NewMap();

    private Scope() {}

    /** @param fields of the request, as the function shall see them */
    static FunctionInput input(Request request, Route route, List<Field> fields, Address client) {
        var scope = CBORObject.NewOrderedMap()
                .Add("type", request.webSocket() ? "websocket" : "http")
                .Add("asgi", CBORObject.NewOrderedMap().Add("version", "3.0").Add("spec_version", "2.4"))
                .Add("http_version", request.version())
                .Add("scheme", scheme(request, client))
                .Add("path", isPort(route) ? route.path() : decoded(route.path()))
                .Add("raw_path", latin(route.path()))
                .Add("query_string", latin(request.query()))
                .Add("root_path", route.root())
                .Add("headers", headers(fields))
                .Add("client", address(client.host(), client.port()))
                .Add("server", address(serverName(request), serverPort(request, client)));
        if (request.webSocket()) {
            scope.Add("subprotocols", CBORObject.FromObject(subprotocols(request)));
        } else {
            scope.Add("method", request.method())
                    .Add("extensions", CBORObject.NewMap().Add("http.response.trailers", CBORObject.NewMap()));
        }
        var arguments =
                CBORObject.NewArray().Add(CBORObject.NewArray().Add(scope)).Add(NO_KEYWORDS);
        return FunctionInput.newBuilder()
                .setArgs(ByteString.copyFrom(route.pickled() ? Pickle.of(arguments) : arguments.EncodeToBytes()))
                .setDataFormat(route.pickled() ? DataFormat.DATA_FORMAT_PICKLE : DataFormat.DATA_FORMAT_CBOR)
                .setMethodName(route.endpoint().method())
                .build();
    }

    /** The runtime's own proxy sends on what it finds in {@code path}: percent signs and all, as they were sent. */
    private static boolean isPort(Route route) {
        return route.config().getType() == WebhookType.WEBHOOK_TYPE_WEB_SERVER;
    }

    private static String scheme(Request request, Address client) {
        boolean secure = client.scheme().equals("https");
        if (request.webSocket()) {
            return secure ? "wss" : "ws";
        }
        return secure ? "https" : "http";
    }

    private static CBORObject headers(List<Field> fields) {
        var list = CBORObject.NewArray();
        for (var field : fields) {
            list.Add(CBORObject.NewArray().Add(latin(field.name())).Add(latin(field.value())));
        }
        return list;
    }

    private static CBORObject address(String host, int port) {
        return CBORObject.NewArray().Add(host).Add(port);
    }

    private static String serverName(Request request) {
        return request.host().isEmpty() ? request.local().getHostString() : request.hostName();
    }

    private static int serverPort(Request request, Address client) {
        var port = request.host().substring(request.hostName().length());
        if (port.matches(":[0-9]{1,5}")) {
            return Integer.parseInt(port.substring(1));
        }
        return client.scheme().equals("https") ? 443 : 80;
    }

    static List<String> subprotocols(Request request) {
        var offered = new ArrayList<String>();
        for (var value : request.headers().getAll("sec-websocket-protocol")) {
            for (var token : value.split(",")) {
                if (!token.isBlank()) {
                    offered.add(token.strip());
                }
            }
        }
        return offered;
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Percent signs read as UTF-8, as ASGI has it; a sign that begins no code stays. */
    static String decoded(String path) {
        if (path.indexOf('%') < 0 && path.chars().allMatch(c -> c < 128)) {
            return path;
        }
        var bytes = new ByteArrayOutputStream(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '%' && i + 2 < path.length()) {
                int high = Character.digit(path.charAt(i + 1), 16);
                int low = Character.digit(path.charAt(i + 2), 16);
                if (high >= 0 && low >= 0) {
                    bytes.write(high << 4 | low);
                    i += 2;
                    continue;
                }
            }
            bytes.write(c);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Who asks, as far as it is known: the peer, or whom a proxy in front that is trusted names. */
    record Address(String host, int port, String scheme) {}
}
