// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Consumer;
import serai.activate.Publisher;
import serai.app.Apps;
import serai.call.Inputs;
import serai.config.CallConfig;
import serai.container.Containers;
import serai.function.Functions;
import serai.pool.Pools;

/** Finds what has been silent or busy for too long. */
@ApplicationScoped
public class Reaper {
    private static final System.Logger LOG = System.getLogger(Reaper.class.getName());

    /** For containers to find the server that has come back: their relays try each second, a first word may take 5 s. */
    private static final Duration RETURN = Duration.ofSeconds(10);

    private final Containers containers;
    private final Inputs inputs;
    private final Pools pools;
    private final Functions functions;
    private final Apps apps;
    private final Departures departures;
    private final Publisher publisher;
    private final Evictions evictions;
    private final CallConfig settings;
    private final InstantSource clock;
    private final Instant begun;

    @Inject
    public Reaper(
            Containers containers,
            Inputs inputs,
            Pools pools,
            Functions functions,
            Apps apps,
            Departures departures,
            Publisher publisher,
            Evictions evictions,
            CallConfig settings) {
        this(
                containers,
                inputs,
                pools,
                functions,
                apps,
                departures,
                publisher,
                evictions,
                settings,
                InstantSource.system());
    }

    public Reaper(
            Containers containers,
            Inputs inputs,
            Pools pools,
            Functions functions,
            Apps apps,
            Departures departures,
            Publisher publisher,
            Evictions evictions,
            CallConfig settings,
            InstantSource clock) {
        this.containers = containers;
        this.inputs = inputs;
        this.pools = pools;
        this.functions = functions;
        this.apps = apps;
        this.departures = departures;
        this.publisher = publisher;
        this.evictions = evictions;
        this.settings = settings;
        this.clock = clock;
        this.begun = clock.instant();
    }

    public Reaper() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /** One look at everything. Each kind of finding fails for itself. */
    public void reap() {
        attempt("containers that fell silent", this::silentContainers);
        if (isBack()) {
            attempt("containers that do not get ready", this::slowStarts);
        }
        reapOverdue();
        attempt("containers that do not let go of cancelled inputs", this::deafContainers);
        attempt("inputs of containers that have ended", this::orphans);
        attempt("apps whose client fell silent", this::silentApps);
        attempt("apps that are ending", publisher::resume);
        attempt("allocations that should have ended", evictions::resume);
    }

    /** Of everything, what users count in seconds. */
    public void reapOverdue() {
        if (isBack()) {
            attempt("inputs over their time", this::overdueInputs);
        }
    }

    /** What was done in time while the server was away is told just after its start: no limit is looked at before that. */
    private boolean isBack() {
        return !clock.instant().isBefore(begun.plus(RETURN));
    }

    private void attempt(String what, Runnable look) {
        try {
            look.run();
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "not looked at now: " + what, e);
        }
    }

    private void silentContainers() {
        outlived(
                settings.lease(),
                since -> containers
                        .silentSince(since)
                        .forEach(c -> evictions.end(
                                c,
                                "no sign of life for %d s"
                                        .formatted(settings.lease().toSeconds()))));
    }

    private void silentApps() {
        outlived(
                settings.appSilence(),
                since -> apps.silentSince(since).forEach(app -> {
                    LOG.log(
                            INFO,
                            "app {0} ends: no sign of life of its client for {1}",
                            app.id(),
                            settings.appSilence());
                    publisher.stopped(app.id());
                }));
    }

    /** Nobody could be heard while the server was away: silence counts from its start. */
    private void outlived(Duration patience, Consumer<Instant> reap) {
        var since = clock.instant().minus(patience);
        if (!since.isBefore(begun)) {
            reap.accept(since);
        }
    }

    private void slowStarts() {
        for (var container : containers.starting()) {
            var definition = functions.definition(pools.get(container.poolId()).definitionId());
            var limit = definition.duties().startupTimeout();
            if (!limit.isZero() && container.createdAt().plus(limit).isBefore(clock.instant())) {
                evictions.end(container, "not ready within %d s".formatted(limit.toSeconds()));
            }
        }
    }

    /** The runtime enforces no limit: its container has to end, with all that it holds. */
    private void overdueInputs() {
        for (var overdue : inputs.overdue()) {
            var duties = functions.definition(overdue.definitionId()).duties();
            if (inputs.timeOut(overdue, duties.retryPolicy(), duties.timeout())) {
                containers
                        .find(overdue.containerId())
                        .ifPresent(c -> evictions.end(
                                c,
                                "an input ran for longer than %d s"
                                        .formatted(duties.timeout().toSeconds())));
            }
        }
    }

    /** The runtime cannot interrupt everything, and code may catch what it is interrupted by. */
    private void deafContainers() {
        for (var id : inputs.deafToCancellation(settings.cancelGrace())) {
            evictions.end(
                    id,
                    "a cancelled input did not stop within %d s"
                            .formatted(settings.cancelGrace().toSeconds()));
        }
    }

    private void orphans() {
        inputs.holdersThatEnded().forEach(id -> departures.release(id, "it ended"));
    }
}
