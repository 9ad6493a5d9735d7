// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.health;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import serai.cluster.Cluster;
import serai.problem.ProblemException;

/** Whether the cluster answers, and which one it is. */
@Readiness
@ApplicationScoped
public class ClusterCheck implements HealthCheck {
    private final Cluster cluster;

    @Inject
    public ClusterCheck(Cluster cluster) {
        this.cluster = cluster;
    }

    public ClusterCheck() {
        this(null); // for the server's proxy
    }

    @Override
    public HealthCheckResponse call() {
        var answer = HealthCheckResponse.named("cluster");
        try {
            var info = cluster.info();
            return answer.up()
                    .withData("name", info.name())
                    .withData("version", info.version())
                    .withData("address", info.address())
                    .withData("breaker", "closed")
                    .build();
        } catch (ProblemException e) {
            var outage = cluster.outage();
            return answer.down()
                    .withData("reason", outage.map(Cluster.Outage::reason).orElse(e.getMessage()))
                    .withData("since", outage.map(o -> o.since().toString()).orElse(""))
                    .withData("breaker", outage.filter(Cluster.Outage::isPaused).isPresent() ? "open" : "closed")
                    .build();
        }
    }
}
