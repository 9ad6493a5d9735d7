// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.health;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import org.eclipse.microprofile.metrics.MetricUnits;
import org.eclipse.microprofile.metrics.annotation.Gauge;
import serai.cluster.Cluster;
import serai.peer.Drain;
import serai.peer.Servers;

/** What an alarm may be set on, at {@code /metrics}. The application server adds its own, those of the calls to the cluster among them. */
@ApplicationScoped
public class Gauges {
    private final Cluster cluster;
    private final Servers servers;
    private final Drain drain;

    @Inject
    public Gauges(Cluster cluster, Servers servers, Drain drain) {
        this.cluster = cluster;
        this.servers = servers;
        this.drain = drain;
    }

    public Gauges() {
        this(null, null, null); // for the server's proxy
    }

    @Gauge(
            name = "serai_cluster_silent_seconds",
            absolute = true,
            unit = MetricUnits.NONE,
            description = "Since when no call to the cluster was answered; 0 while it answers")
    public long clusterSilentSeconds() {
        return cluster.outage()
                .map(outage -> Math.max(
                        1, Duration.between(outage.since(), Instant.now()).toSeconds()))
                .orElse(0L);
    }

    @Gauge(
            name = "serai_cluster_breaker_open",
            absolute = true,
            unit = MetricUnits.NONE,
            description = "1 while calls to the cluster are not tried, as most of them failed")
    public int clusterBreakerOpen() {
        return cluster.outage().filter(Cluster.Outage::isPaused).isPresent() ? 1 : 0;
    }

    @Gauge(
            name = "serai_servers",
            absolute = true,
            unit = MetricUnits.NONE,
            description = "Servers on this database that this one knows of, itself included")
    public int servers() {
        return servers.all().size();
    }

    @Gauge(
            name = "serai_draining",
            absolute = true,
            unit = MetricUnits.NONE,
            description = "1 while this server goes down")
    public int draining() {
        return drain.hasBegun() ? 1 : 0;
    }
}
