// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Optional;
import modal.client.Function;
import modal.client.WebhookConfig;
import serai.config.GatewayConfig;
import serai.function.Functions;
import serai.protocol.Messages;
import serai.server.ServerContext;
import serai.web.WebEndpoint;
import serai.web.WebEndpoints;

/** Finds the endpoint of a request: by the first part of its host, by the whole host, or by a path below {@code /w/}. */
@ApplicationScoped
class Routes {
    private static final String PATHS = "/w/";
    private static final int REMEMBERED = 10_000;

    /** How long a name may still lead to whom it led before; what is not found is looked up each time. */
    static final Duration STALE = Duration.ofSeconds(1);

    private final WebEndpoints endpoints;
    private final Functions functions;
    private final ServerContext context;
    private final String suffix;

    private final Cache<String, WebEndpoint> found = Caffeine.newBuilder()
            .expireAfterWrite(STALE)
            .maximumSize(REMEMBERED)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    /** A definition never changes. */
    private final Cache<String, Defined> definitions =
            Caffeine.newBuilder().maximumSize(1_000).executor(Runnable::run).build();

    @Inject
    Routes(WebEndpoints endpoints, Functions functions, ServerContext context, GatewayConfig settings) {
        this.endpoints = endpoints;
        this.functions = functions;
        this.context = context;
        this.suffix = suffixOf(settings.url());
    }

    Routes() {
        this.endpoints = null; // for the server's proxy
        this.functions = null;
        this.context = null;
        this.suffix = null;
    }

    /** @return {@code .localhost} of {@code http://{label}.localhost:8000}; empty for addresses that have the label in the path */
    static String suffixOf(String url) {
        int label = url.indexOf("://{label}.");
        if (label < 0) {
            return "";
        }
        var rest = url.substring(label + "://{label}".length());
        int end = 0;
        while (end < rest.length() && rest.charAt(end) != ':' && rest.charAt(end) != '/') {
            end++;
        }
        return rest.substring(0, end);
    }

    /** @throws RefusedException if nothing is called so */
    Route of(Request request) {
        var way = way(request);
        var endpoint = find(way.name).orElseThrow(() -> new RefusedException(Refusal.noSuchEndpoint(way.name)));
        return route(endpoint, definition(endpoint.definitionId()), way);
    }

    /** @return empty if the database has to be asked */
    Optional<Route> known(Request request) {
        var way = way(request);
        return Optional.ofNullable(found.getIfPresent(way.name))
                .flatMap(endpoint -> Optional.ofNullable(definitions.getIfPresent(endpoint.definitionId()))
                        .map(defined -> route(endpoint, defined, way)));
    }

    /** @param name what it asks for, in one of three ways */
    private record Way(String name, String root, String path) {}

    private Way way(Request request) {
        var host = request.hostName();
        if (!suffix.isEmpty() && host.endsWith(suffix) && host.length() > suffix.length()) {
            var label = host.substring(0, host.length() - suffix.length());
            return new Way(label, "", request.path());
        }
        if (request.path().startsWith(PATHS)) {
            var rest = request.path().substring(PATHS.length());
            int slash = rest.indexOf('/');
            var label = slash < 0 ? rest : rest.substring(0, slash);
            return new Way(label, PATHS + label, slash < 0 ? "/" : rest.substring(slash));
        }
        return new Way(host, "", request.path());
    }

    private static Route route(WebEndpoint endpoint, Defined defined, Way way) {
        var definition = defined.function();
        var parameters = definition.getClassParameterInfo().getSchemaList();
        return new Route(
                endpoint,
                config(endpoint, definition),
                isPickled(endpoint, definition),
                parameters,
                defined.server(),
                way.root,
                way.path);
    }

    private Optional<WebEndpoint> find(String name) {
        var seen = Optional.ofNullable(found.getIfPresent(name));
        if (seen.isPresent()) {
            return seen;
        }
        var now = endpoints.find(name);
        now.ifPresent(endpoint -> found.put(name, endpoint));
        return now;
    }

    private static WebhookConfig config(WebEndpoint endpoint, Function definition) {
        if (definition.getIsServer()) {
            return WebhookConfig.newBuilder()
                    .setRequiresProxyAuth(!definition.getHttpConfig().getUnauthenticated())
                    .build();
        }
        return endpoint.method().isEmpty()
                ? definition.getWebhookConfig()
                : definition.getMethodDefinitionsOrThrow(endpoint.method()).getWebhookConfig();
    }

    private static boolean isPickled(WebEndpoint endpoint, Function definition) {
        return endpoint.method().isEmpty()
                ? definition.getSupportedInputFormatsCount() == 0
                : definition.getMethodDefinitionsOrThrow(endpoint.method()).getSupportedInputFormatsCount() == 0;
    }

    /** @param concurrency requests that a container should have */
    private record Defined(Function function, int concurrency) {
        Optional<Balancer.Limits> server() {
            int most = function.getMaxConcurrentInputs();
            return function.getIsServer()
                    ? Optional.of(new Balancer.Limits(concurrency, most == 0 ? Integer.MAX_VALUE : most))
                    : Optional.empty();
        }
    }

    private Defined definition(String id) {
        return definitions.get(
                id,
                wanted -> context.get(() -> {
                    var definition = functions.definition(wanted);
                    return new Defined(
                            Messages.parseFunction(definition.wire().content()),
                            definition.duties().concurrency());
                }));
    }
}
