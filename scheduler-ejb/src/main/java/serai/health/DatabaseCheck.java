// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.health;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.jdbi.v3.core.Jdbi;

/** Whether the database answers. */
@Readiness
@ApplicationScoped
public class DatabaseCheck implements HealthCheck {
    private final Jdbi jdbi;

    @Inject
    public DatabaseCheck(Jdbi jdbi) {
        this.jdbi = jdbi;
    }

    public DatabaseCheck() {
        this(null); // for the server's proxy
    }

    @Override
    public HealthCheckResponse call() {
        var answer = HealthCheckResponse.named("database");
        try {
            var version = jdbi.withHandle(handle -> handle.createQuery("show server_version")
                    .mapTo(String.class)
                    .one());
            return answer.up().withData("version", version).build();
        } catch (RuntimeException e) {
            return answer.down()
                    .withData("reason", String.valueOf(e.getMessage()))
                    .build();
        }
    }
}
