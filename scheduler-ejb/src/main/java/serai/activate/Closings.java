// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serai.app.App;
import serai.app.Apps;
import serai.autoscale.Retirements;
import serai.call.Inputs;
import serai.config.AutoscaleConfig;
import serai.container.Containers;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.schedule.Schedules;

/** The end of an app, in short transactions. */
@ApplicationScoped
public class Closings {
    private final Apps apps;
    private final Pools pools;
    private final Inputs inputs;
    private final Containers containers;
    private final Retirements retirements;
    private final Schedules schedules;
    private final AutoscaleConfig settings;

    @Inject
    public Closings(
            Apps apps,
            Pools pools,
            Inputs inputs,
            Containers containers,
            Retirements retirements,
            Schedules schedules,
            AutoscaleConfig settings) {
        this.apps = apps;
        this.pools = pools;
        this.inputs = inputs;
        this.containers = containers;
        this.retirements = retirements;
        this.schedules = schedules;
        this.settings = settings;
    }

    public Closings() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    /** What waits or runs is terminated, and the app's containers are told to end. May be repeated. */
    @Transactional
    public void begin(String appId, Instant now) {
        if (apps.hold(appId).filter(app -> app.state() != App.State.STOPPED).isEmpty()) {
            return;
        }
        apps.stop(appId, now);
        schedules.end(appId, now);
        inputs.terminateApp(appId, "The app was stopped");
        poolsOf(appId).forEach(retirements::begin);
    }

    /** @return how long to wait at most before asking again; empty once the app is stopped */
    @Transactional
    public Optional<Duration> finish(String appId, Instant now) {
        var app = apps.find(appId).filter(a -> a.state() == App.State.STOPPING);
        if (app.isEmpty()) {
            return Optional.empty();
        }
        var left = Duration.between(now, app.get().stoppedAt().plus(settings.stopGrace()));
        if (left.isPositive() && !containers.liveOfApp(appId).isEmpty()) {
            return Optional.of(left);
        }
        apps.stopped(appId);
        return Optional.empty();
    }

    @Transactional
    public List<PoolId> poolsOf(String appId) {
        return pools.ofApp(appId).stream().map(Pool::id).toList();
    }

    /** Ends that a server has begun and not finished. */
    @Transactional
    public List<String> underWay() {
        return apps.stopping().stream().map(App::id).toList();
    }
}
