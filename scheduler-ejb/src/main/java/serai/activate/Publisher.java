// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import serai.app.App;
import serai.autoscale.Reconciliations;
import serai.server.ServerResources;
import serai.signal.Signals;
import serai.signal.Topic;

/** For the edges: an app was published, or is to end. */
@ApplicationScoped
public class Publisher {
    private static final System.Logger LOG = System.getLogger(Publisher.class.getName());

    private final Rollouts rollouts;
    private final Closings closings;
    private final Reconciliations reconciliations;
    private final Signals signals;
    private final InstantSource clock = InstantSource.system();
    private final Set<String> closing = ConcurrentHashMap.newKeySet();

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService virtual;

    private Executor executor = work -> virtual.execute(work);

    @Inject
    public Publisher(Rollouts rollouts, Closings closings, Reconciliations reconciliations, Signals signals) {
        this.rollouts = rollouts;
        this.closings = closings;
        this.reconciliations = reconciliations;
        this.signals = signals;
    }

    public Publisher(
            Rollouts rollouts, Closings closings, Reconciliations reconciliations, Signals signals, Executor executor) {
        this(rollouts, closings, reconciliations, signals);
        this.executor = executor;
    }

    public Publisher() {
        this(null, null, null, null); // for the server's proxy
    }

    /** Call it after the publication is committed. Returns as soon as the pools are there; the rest is background. */
    public void published(App app) {
        rollOut(app.id());
    }

    /** Rolls out what another run of the server has published: it may have died there. */
    public void resumeRollouts() {
        for (var app : rollouts.underWay()) {
            try {
                rollOut(app);
            } catch (RuntimeException e) { // the next look tries again
                LOG.log(WARNING, "app " + app + " is not rolled out now", e);
            }
        }
    }

    private void rollOut(String appId) {
        rollouts.rollOut(appId).forEach(reconciliations::request);
    }

    /** Begins the end of an app, whether or not it was begun before. Returns at once. Call it outside of transactions. */
    public void stopped(String appId) {
        closings.begin(appId, clock.instant());
        close(appId);
    }

    /** Goes on with the ends that another run of the server has begun, from their beginning: it may have died there. */
    public void resume() {
        closings.underWay().stream().filter(app -> !closing.contains(app)).forEach(this::resume);
    }

    private void resume(String appId) {
        try {
            stopped(appId);
        } catch (RuntimeException e) { // the next look tries again
            LOG.log(WARNING, "app " + appId + " is not ended now", e);
        }
    }

    private void close(String appId) {
        if (!closing.add(appId)) {
            return;
        }
        try {
            executor.execute(() -> {
                try {
                    awaitEnd(appId);
                } finally {
                    closing.remove(appId);
                }
            });
        } catch (RuntimeException e) { // the server is going down; the next one resumes
            closing.remove(appId);
            throw e;
        }
    }

    private void awaitEnd(String appId) {
        var pools = closings.poolsOf(appId);
        pools.forEach(reconciliations::request); // what never had a container goes at once
        try (var waiter = signals.listen(Topic.app(appId))) {
            for (var left = closings.finish(appId, clock.instant());
                    left.isPresent();
                    left = closings.finish(appId, clock.instant())) {
                waiter.await(left.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            LOG.log(WARNING, "the end of app {0} is left to the next run of the server", appId);
            return;
        }
        pools.forEach(reconciliations::request);
    }
}
