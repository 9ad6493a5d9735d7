// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Optional;
import serai.id.Secret;

/** Whom a token acts for: asked by every request, so mostly answered without the database and without a transaction. */
@ApplicationScoped
public class Tokens {
    /** How long a token that was revoked may still be accepted. Nothing else about a token ever changes. */
    public static final Duration REMEMBERED = Duration.ofSeconds(5);

    private static final int MOST = 10_000;

    private final Workspaces workspaces;
    private final Cache<String, Known> known = Caffeine.newBuilder()
            .expireAfterWrite(REMEMBERED)
            .maximumSize(MOST)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private record Known(Tenant tenant, byte[] hash) {}

    @Inject
    public Tokens(Workspaces workspaces) {
        this.workspaces = workspaces;
    }

    public Tokens() {
        this(null); // for the server's proxy
    }

    /** @return empty if the token is unknown, wrong or revoked (a revocation is felt within {@link #REMEMBERED}) */
    public Optional<Tenant> authenticate(String tokenId, String secret) {
        var seen = remembered(tokenId, secret);
        if (seen.isPresent()) {
            return seen;
        }
        var tenant = workspaces.authenticate(tokenId, secret);
        tenant.ifPresent(t -> known.put(tokenId, new Known(t, Secret.hash(secret))));
        return tenant;
    }

    /** @return empty if the database has to be asked */
    public Optional<Tenant> remembered(String tokenId, String secret) {
        return Optional.ofNullable(known.getIfPresent(tokenId))
                .filter(seen -> Secret.matches(secret, seen.hash))
                .map(Known::tenant);
    }
}
