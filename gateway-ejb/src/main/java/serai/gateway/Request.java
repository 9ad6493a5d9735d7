// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The head of a request, checked.
 *
 * @param version as ASGI writes it: 1.0, 1.1 or 2
 * @param host as it was asked for, with its port if there is one, lower case
 * @param path as it was sent, percent signs and all; begins with a slash
 * @param query as it was sent, without the question mark
 * @param length of the body; empty if it is not known before
 */
record Request(
        String version,
        String scheme,
        String method,
        String host,
        String path,
        String query,
        HttpHeaders headers,
        InetSocketAddress peer,
        InetSocketAddress local,
        boolean webSocket,
        boolean hasBody,
        Optional<Long> length,
        boolean keepAlive) {

    /** @throws RefusedException for what cannot be a request, or might be taken for another by somebody else */
    static Request of(HttpRequest head, String scheme, boolean http2, InetSocketAddress peer, InetSocketAddress local) {
        if (head.decoderResult().isFailure()) {
            throw new RefusedException(Unreadable.why(head.decoderResult().cause()));
        }
        var headers = head.headers();
        var method = head.method().name();
        var spoken = head.protocolVersion();
        if (!spoken.equals(HttpVersion.HTTP_1_1) && !spoken.equals(HttpVersion.HTTP_1_0)) {
            throw new RefusedException(
                    new Refusal(505, "version-unsupported", "The version of HTTP is not known", "1.0, 1.1 and 2 are"));
        }
        if (head.method().equals(HttpMethod.CONNECT)) {
            throw new RefusedException(new Refusal(
                    501,
                    "method-unsupported",
                    "The method is not available",
                    "CONNECT is for proxies, which this is not"));
        }
        var encodings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!encodings.isEmpty()
                && !(encodings.size() == 1 && encodings.getFirst().equalsIgnoreCase("chunked"))) {
            throw new RefusedException(Refusal.badRequest("transfer-encoding other than chunked is not understood"));
        }
        if (!encodings.isEmpty() && headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
            throw new RefusedException(
                    Refusal.badRequest("content-length and transfer-encoding contradict each other"));
        }
        var hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1 || (hosts.isEmpty() && !head.protocolVersion().equals(HttpVersion.HTTP_1_0))) {
            throw new RefusedException(
                    Refusal.badRequest("a request has one host field, this one has " + hosts.size()));
        }
        var target = Target.of(head.uri(), hosts.isEmpty() ? "" : hosts.getFirst());
        boolean known = HttpUtil.isContentLengthSet(head);
        boolean hasBody = http2
                ? !(head instanceof LastHttpContent) // the stream's first frame was its last
                : !encodings.isEmpty() || (known && HttpUtil.getContentLength(head) > 0);
        return new Request(
                http2 ? "2" : head.protocolVersion().equals(HttpVersion.HTTP_1_0) ? "1.0" : "1.1",
                scheme,
                method,
                target.host,
                target.path,
                target.query,
                headers,
                peer,
                local,
                !http2 && isWebSocket(head),
                hasBody,
                known ? Optional.of(HttpUtil.getContentLength(head)) : Optional.empty(),
                HttpUtil.isKeepAlive(head));
    }

    private static boolean isWebSocket(HttpRequest head) {
        var headers = head.headers();
        return head.method().equals(HttpMethod.GET)
                && headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
                && headers.contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true);
    }

    boolean isHead() {
        return method.equals("HEAD");
    }

    /** Without port. */
    String hostName() {
        int colon = host.lastIndexOf(':');
        return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    }

    boolean expectsContinue() {
        return !version.equals("1.0") && headers.containsValue(HttpHeaderNames.EXPECT, HttpHeaderValues.CONTINUE, true);
    }

    /** @return the first value of that name in the query, as it was sent */
    Optional<String> parameter(String name) {
        return Arrays.stream(query.split("&"))
                .filter(part -> part.startsWith(name + "="))
                .map(part -> part.substring(name.length() + 1))
                .findFirst();
    }

    private record Target(String host, String path, String query) {
        static Target of(String uri, String host) {
            if (uri.startsWith("/")) {
                return cut(uri, host);
            }
            if (uri.equals("*")) {
                throw new RefusedException(Refusal.badRequest("OPTIONS * asks for no endpoint"));
            }
            try { // as to a proxy: the host in it counts
                var absolute = new URI(uri);
                if (absolute.getRawAuthority() == null || absolute.getRawUserInfo() != null) {
                    throw new RefusedException(
                            Refusal.badRequest("the request's target is neither a path nor an address"));
                }
                int slash = uri.indexOf('/', uri.indexOf("//") + 2);
                return cut(slash < 0 ? "/" : uri.substring(slash), absolute.getRawAuthority());
            } catch (URISyntaxException e) {
                throw new RefusedException(Refusal.badRequest("the request's target is neither a path nor an address"));
            }
        }

        private static Target cut(String pathAndQuery, String host) {
            for (int i = 0; i < host.length(); i++) {
                char c = host.charAt(i);
                if (c <= ' ' || c >= 127 || "/?#@\\,".indexOf(c) >= 0) {
                    throw new RefusedException(Refusal.badRequest("the host is not the name of one"));
                }
            }
            int hash = pathAndQuery.indexOf('#');
            var clean = hash < 0 ? pathAndQuery : pathAndQuery.substring(0, hash);
            int mark = clean.indexOf('?');
            return new Target(
                    host.toLowerCase(Locale.ROOT),
                    mark < 0 ? clean : clean.substring(0, mark),
                    mark < 0 ? "" : clean.substring(mark + 1));
        }
    }
}
