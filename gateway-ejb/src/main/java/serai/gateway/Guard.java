// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Optional;
import java.util.function.Function;
import serai.web.ProxyTokens;
import serai.web.WebRules;

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

    /**
     * @param address of the client
     * @throws RefusedException for whoever may not
     */
    Caller check(Request request, Route route, String address, WebRules rules) {
        return caller(
                        request,
                        route,
                        address,
                        rules,
                        credentials -> Optional.of(
                                tokens.accepts(route.endpoint().workspaceId(), credentials.id(), credentials.secret())))
                .orElseThrow();
    }

    /** As {@link #check}. @return empty if the database has to be asked */
    Optional<Caller> known(Request request, Route route, String address, WebRules rules) {
        return caller(
                request,
                route,
                address,
                rules,
                credentials -> tokens.known(route.endpoint().workspaceId(), credentials.id(), credentials.secret()));
    }

    private static Optional<Caller> caller(
            Request request,
            Route route,
            String address,
            WebRules rules,
            Function<ProxyCredentials, Optional<Boolean>> verdict) {
        if (rules.allowed().filter(ranges -> !ranges.contains(address)).isPresent()) {
            throw new RefusedException(new Refusal(
                    403, "address-refused", "The endpoint is protected", "%s may not call it".formatted(address)));
        }
        if (!route.config().getRequiresProxyAuth()) {
            return Optional.of(Caller.at(address));
        }
        var credentials = ProxyCredentials.of(request.headers())
                .orElseThrow(
                        () -> refused("a proxy token is needed: in modal-key and modal-secret, or as a bearer token"));
        var accepted = verdict.apply(credentials);
        if (accepted.filter(yes -> !yes).isPresent()) {
            throw refused("the proxy token is unknown, wrong or revoked");
        }
        return accepted.map(yes -> Caller.token(credentials.id()));
    }

    private static RefusedException refused(String detail) {
        return new RefusedException(new Refusal(401, "proxy-token-needed", "The endpoint is protected", detail)
                .with("www-authenticate", "Bearer"));
    }
}
