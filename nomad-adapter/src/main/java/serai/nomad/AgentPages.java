// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import serai.config.NomadConfig;

/** Addresses in the web interface of the agent, if it has one. It is looked for now and then, never in every request. */
@ApplicationScoped
public class AgentPages {
    private static final Duration REMEMBERED = Duration.ofMinutes(1);

    /** What an agent that was built without the interface shows in its place, with status 200. */
    private static final String HINT = "Nomad UI is not available";

    private final NomadTransport transport;
    private final NomadConfig settings;
    private final InstantSource clock = InstantSource.system();

    private record Seen(boolean there, Instant at) {}

    private volatile Seen seen = new Seen(false, Instant.EPOCH);

    @Inject
    public AgentPages(NomadTransport transport, NomadConfig settings) {
        this.transport = transport;
        this.settings = settings;
    }

    /** For the server's proxy. */
    public AgentPages() {
        this(null, null);
    }

    /** @param path below {@code /ui/}; its parts are encoded already */
    public Optional<URI> page(String path) {
        return isThere() ? Optional.of(settings.address().resolve("/ui/" + path)) : Optional.empty();
    }

    private boolean isThere() {
        var known = seen;
        if (known.at.plus(REMEMBERED).isAfter(clock.instant())) {
            return known.there;
        }
        boolean there = look();
        seen = new Seen(there, clock.instant());
        return there;
    }

    private boolean look() {
        try {
            var body = transport.get("/ui/", Map.of()).body();
            return !body.isBlank() && !body.contains(HINT);
        } catch (NomadRefused | NomadUnreachable e) { // a page more or less is no reason to fail
            return false;
        }
    }
}
