// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import serai.definition.Bindings;
import serai.function.Binding;
import serai.function.Functions;
import serai.function.Variants;
import serai.server.ServerContext;
import serai.workspace.Tenant;

/** Which function a request calls: its endpoint's, or of a class with declared parameters the variant that its query says. */
@ApplicationScoped
class CalledFunctions {
    private static final int REMEMBERED = 10_000;

    private final Functions functions;
    private final Variants variants;
    private final ServerContext context;

    /** Always the same variant for the same base and parameters. */
    private final Cache<Bound, String> bound = Caffeine.newBuilder()
            .maximumSize(REMEMBERED)
            .executor(Runnable::run)
            .build();

    @Inject
    CalledFunctions(Functions functions, Variants variants, ServerContext context) {
        this.functions = functions;
        this.variants = variants;
        this.context = context;
    }

    CalledFunctions() {
        this(null, null, null); // for the server's proxy
    }

    private record Bound(String base, ByteBuffer params) {}

    /**
     * @return its id
     * @throws serai.problem.ProblemException for a parameter that has no value, or one that it cannot have
     */
    String of(Route route, Request request) {
        var endpoint = route.endpoint();
        if (route.parameters().isEmpty()) {
            return endpoint.functionId();
        }
        var binding = Bindings.ofTexts(
                route.parameters(), name -> request.parameter(name).map(CalledFunctions::decoded));
        var known = new Bound(endpoint.functionId(), ByteBuffer.wrap(binding.params()));
        return bound.get(known, wanted -> context.get(() -> bind(endpoint.workspaceId(), wanted.base(), binding)));
    }

    private String bind(String workspace, String base, Binding binding) {
        var tenant = new Tenant(workspace, "");
        return variants.bind(tenant, functions.get(tenant, base), binding).id();
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new RefusedException(Refusal.badRequest("the query: " + e.getMessage()));
        }
    }
}
