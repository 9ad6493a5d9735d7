// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.Optional;
import java.util.regex.Pattern;

/** A proxy token as clients send it: in two fields of its own, or as a bearer token. */
record ProxyCredentials(String id, String secret) {
    private static final Pattern BEARER = Pattern.compile("(?i:bearer) +(wk-[A-Za-z0-9_-]+)\\.(ws-[A-Za-z0-9_-]+)");

    static Optional<ProxyCredentials> of(HttpHeaders headers) {
        var id = headers.get("modal-key");
        var secret = headers.get("modal-secret");
        if (id != null && secret != null) {
            return Optional.of(new ProxyCredentials(id, secret));
        }
        var bearer = BEARER.matcher(headers.get("authorization", "").strip());
        return bearer.matches()
                ? Optional.of(new ProxyCredentials(bearer.group(1), bearer.group(2)))
                : Optional.empty();
    }

    /** @param authorization what the field of that name says; another authorization is the function's to see */
    static boolean areIn(String authorization) {
        return BEARER.matcher(authorization.strip()).matches();
    }
}
