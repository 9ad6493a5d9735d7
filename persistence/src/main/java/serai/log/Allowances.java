// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import serai.config.LogConfig;

/** Each container's {@link Allowance}, on this server. */
@ApplicationScoped
public class Allowances {
    /** Longer than the burst takes to be earned again. */
    private static final Duration FORGOTTEN = Duration.ofMinutes(5);

    private static final int MOST = 100_000;

    private final LogConfig settings;
    private final Cache<String, Allowance> known = Caffeine.newBuilder()
            .expireAfterAccess(FORGOTTEN)
            .maximumSize(MOST)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    @Inject
    public Allowances(LogConfig settings) {
        this.settings = settings;
    }

    public Allowances() {
        this(null); // for the server's proxy
    }

    /** @return what is to be kept */
    public List<Logs.Piece> admit(String containerId, List<Logs.Piece> pieces, Instant now) {
        return known.get(containerId, id -> new Allowance(settings.rate(), settings.burst(), now))
                .admit(pieces, now);
    }

    /** It has written its last. @return what is to be told of it */
    public List<Logs.Piece> close(String containerId, Instant now) {
        var allowance = known.getIfPresent(containerId);
        known.invalidate(containerId);
        return allowance == null ? List.of() : allowance.admit(List.of(), now);
    }
}
