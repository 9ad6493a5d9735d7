// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Finds the handler of a path. In a pattern {@code *} stands for anything, slashes included, since job IDs may hold them; the
 * first pattern that matches wins, so the longer ones come first.
 */
final class Routes {
    /** Answers a call. */
    interface Handler {
        Reply handle(Call call) throws Exception;
    }

    private record Route(Pattern path, Map<String, Handler> handlers) {}

    private final List<Route> routes = new ArrayList<>();

    /** For GET. */
    Routes read(String path, Handler handler) {
        return add(path, Map.of("GET", handler, "HEAD", handler));
    }

    /** For PUT and POST, which are the same to Nomad. */
    Routes write(String path, Handler handler) {
        return add(path, Map.of("PUT", handler, "POST", handler));
    }

    Routes readWrite(String path, Handler read, Handler write) {
        return add(path, Map.of("GET", read, "HEAD", read, "PUT", write, "POST", write));
    }

    Routes readWriteDelete(String path, Handler read, Handler write, Handler delete) {
        return add(path, Map.of("GET", read, "HEAD", read, "PUT", write, "POST", write, "DELETE", delete));
    }

    private Routes add(String path, Map<String, Handler> handlers) {
        String expression = Pattern.quote(path).replace("*", "\\E(.+)\\Q");
        routes.add(new Route(Pattern.compile(expression), handlers));
        return this;
    }

    Reply answer(String method, String path, Map<String, List<String>> query, byte[] body) throws Exception {
        for (Route route : routes) {
            Matcher matcher = route.path().matcher(path);
            if (matcher.matches()) {
                Handler handler = route.handlers().get(method);
                if (handler == null) {
                    return Reply.text(405, "Invalid method");
                }
                List<String> parameters = IntStream.rangeClosed(1, matcher.groupCount())
                        .mapToObj(matcher::group)
                        .toList();
                return handler.handle(new Call(method, parameters, query, body));
            }
        }
        return Reply.nothing(404);
    }
}
