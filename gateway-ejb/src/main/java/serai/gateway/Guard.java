// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import serai.web.ProxyTokens;

/** Who may call an endpoint. */
@ApplicationScoped
class Guard {
    private final ProxyTokens tokens;

    @Inject
    Guard(ProxyTokens tokens) {
        this.tokens = tokens;
    }

    Guard() {
        this(null); // for the server's proxy
    }

    /** @throws RefusedException for whoever may not */
    void check(Request request, Route route) {
        if (!route.config().getRequiresProxyAuth()) {
            return;
        }
        var credentials = ProxyCredentials.of(request.headers())
                .orElseThrow(
                        () -> refused("a proxy token is needed: in modal-key and modal-secret, or as a bearer token"));
        if (!tokens.accepts(route.endpoint().workspaceId(), credentials.id(), credentials.secret())) {
            throw refused("the proxy token is unknown, wrong or revoked");
        }
    }

    private static RefusedException refused(String detail) {
        return new RefusedException(new Refusal(401, "proxy-token-needed", "The endpoint is protected", detail)
                .with("www-authenticate", "Bearer"));
    }
}
