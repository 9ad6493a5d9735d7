// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The head of a request as a container is sent it: one request of HTTP/1.1, whatever the client has sent. */
final class Question {
    /** Of the connection to the container, so they are written here and nowhere else. */
    private static final Set<String> OURS =
            Set.of("host", "content-length", "transfer-encoding", "connection", "upgrade", "expect");

    /** It is the container that shakes hands. The fourth one, of subprotocols, is among what is forwarded. */
    private static final Set<String> HANDSHAKE =
            Set.of("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions");

    private static final int DELETE = 127;

    private Question() {}

    /**
     * @param path as the container is to see it, percent signs and all
     * @param fields end to end
     * @throws RefusedException for what HTTP/1.1 has no words for: requests of HTTP/2 may hold any byte
     */
    static HttpRequest of(Request request, String path, List<Field> fields) {
        try {
            var question = new DefaultHttpRequest(
                    HttpVersion.HTTP_1_1, HttpMethod.valueOf(request.method()), target(path, request.query()));
            var headers = question.headers();
            headers.set(HttpHeaderNames.HOST, host(request));
            for (var field : fields) {
                var name = field.name().toLowerCase(Locale.ROOT);
                if (!OURS.contains(name) && !HANDSHAKE.contains(name)) {
                    headers.add(field.name(), field.value());
                }
            }
            frame(request, headers);
            if (request.webSocket()) {
                headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
                headers.set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET);
                HANDSHAKE.forEach(name -> headers.add(name, request.headers().getAll(name)));
            }
            return question;
        } catch (IllegalArgumentException e) {
            throw new RefusedException(Refusal.badRequest("the request breaks the rules of HTTP: " + e.getMessage()));
        }
    }

    private static void frame(Request request, HttpHeaders headers) {
        long length = request.length().orElse(0L);
        if (length > 0 && !request.hasBody()) {
            throw new IllegalArgumentException("its body is missing");
        }
        if (request.webSocket() && request.hasBody()) {
            throw new IllegalArgumentException("a request for a WebSocket has no body");
        }
        if (request.length().isPresent()) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, length);
        } else if (request.hasBody()) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
    }

    private static String host(Request request) {
        var said = request.headers().get(HttpHeaderNames.HOST);
        if (said != null && said.equalsIgnoreCase(request.host())) {
            return said;
        }
        return request.host().isEmpty() ? "localhost" : request.host();
    }

    /** Bytes beyond ASCII, which a target must not have, are written as it would have them. */
    private static String target(String path, String query) {
        var target = query.isEmpty() ? path : path + "?" + query;
        if (target.chars().anyMatch(c -> c <= ' ' || c == DELETE)) {
            throw new IllegalArgumentException("its target has blanks or control characters");
        }
        if (target.chars().allMatch(c -> c < DELETE)) {
            return target;
        }
        var text = new StringBuilder();
        target.chars().forEach(c -> text.append(c < DELETE ? Character.toString(c) : "%%%02X".formatted(c & 0xff)));
        return text.toString();
    }
}
