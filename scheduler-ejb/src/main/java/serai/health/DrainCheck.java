// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.health;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import serai.peer.Drain;
import serai.peer.Servers;

/** Whether this server takes work: not any more when it goes down. It names the servers that it knows of. */
@Readiness
@ApplicationScoped
public class DrainCheck implements HealthCheck {
    private final Drain drain;
    private final Servers servers;

    @Inject
    public DrainCheck(Drain drain, Servers servers) {
        this.drain = drain;
        this.servers = servers;
    }

    public DrainCheck() {
        this(null, null); // for the server's proxy
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("server")
                .status(!drain.hasBegun())
                .withData("id", servers.self().id())
                .withData("others", servers.all().size() - 1)
                .build();
    }
}
