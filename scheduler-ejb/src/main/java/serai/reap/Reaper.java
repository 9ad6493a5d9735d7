// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.INFO;
import static java.util.stream.Collectors.toMap;
import static serai.reap.Attempt.attempt;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import serai.activate.Publisher;
import serai.app.Apps;
import serai.call.Inputs;
import serai.config.CallConfig;
import serai.container.Container;
import serai.container.Containers;
import serai.function.Functions;
import serai.pool.Pools;

/** Finds what has been silent or busy for too long, by its own clock: those of server and database may be set. */
@ApplicationScoped
public class Reaper {
    private static final System.Logger LOG = System.getLogger(Reaper.class.getName());

    /** For containers to find the server that has come back: their relays try each second, a first word may take 5 s. */
    private static final Duration RETURN = Duration.ofSeconds(10);

    /** So long without a look, which comes each second, the server stood still, or another one had the lease. */
    private static final Duration ABSENCE = Duration.ofSeconds(10);

    /** By which two clocks may differ in the time between two looks. */
    private static final Duration SLEW = Duration.ofSeconds(1);

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
    private final LongSupplier nanos;
    private long begun;
    private long present;
    private final Sightings<Beat> beats = new Sightings<>();
    private final Sightings<Beat> appBeats = new Sightings<>();
    private final Sightings<String> starts = new Sightings<>();
    private final Sightings<Try> tries = new Sightings<>();
    private Instant databaseTime = Instant.MAX; // that the clock was set while nobody looked is possible, too
    private long databaseNanos;

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
                InstantSource.system(),
                System::nanoTime);
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
            InstantSource clock,
            LongSupplier nanos) {
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
        this.nanos = nanos;
        this.begun = nanos.getAsLong();
        this.present = begun;
    }

    /** @param who a container or an app; it lives as long as its last beat changes */
    private record Beat(String who, Instant at) {}

    private record Try(String inputId, int attempt) {}

    public Reaper() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /** One look at everything. Each kind of finding fails for itself. */
    public synchronized void reap() {
        noteAbsence();
        attempt("a clock that was set back", this::clockSetBack);
        attempt("containers that fell silent", this::silentContainers);
        if (isBack()) {
            attempt("containers that do not get ready", this::slowStarts);
        }
        reapOverdue();
        attempt("containers that do not let go of cancelled inputs", this::deafContainers);
        attempt("inputs of containers that have ended", this::orphans);
        attempt("containers that nobody noted as idle", inputs::noteIdle);
        attempt("apps whose client fell silent", this::silentApps);
        attempt("apps that are ending", publisher::resume);
        attempt("allocations that should have ended", evictions::resume);
        noteAbsence();
    }

    /** Of everything, what users count in seconds. */
    public synchronized void reapOverdue() {
        noteAbsence();
        if (isBack()) {
            attempt("inputs over their time", this::overdueInputs);
        }
        noteAbsence();
    }

    /** A server that stood still is as one that has just started: nobody was heard meanwhile, and nobody's word is read yet. */
    private void noteAbsence() {
        long now = nanos.getAsLong();
        if (now - present > ABSENCE.toNanos()) {
            begun = now;
            beats.forget();
            appBeats.forget();
        }
        present = now;
    }

    /** What was done in time while the server was away is told just after its start: no limit is looked at before that. */
    private boolean isBack() {
        return nanos.getAsLong() - begun >= RETURN.toNanos();
    }

    /** Nobody could be heard while the server was away: silence counts from its first look. */
    private void silentContainers() {
        silent(containers::live, c -> new Beat(c.id(), c.heartbeatAt()), beats, settings.lease())
                .forEach(c -> evictions.end(
                        c, "no sign of life for %d s".formatted(settings.lease().toSeconds())));
    }

    private void silentApps() {
        silent(apps::heartbeating, a -> new Beat(a.id(), a.heartbeatAt()), appBeats, settings.appSilence())
                .forEach(app -> {
                    LOG.log(
                            INFO,
                            "app {0} ends: no sign of life of its client for {1}",
                            app.id(),
                            settings.appSilence());
                    publisher.stopped(app.id());
                });
    }

    private <T> List<T> silent(
            Supplier<List<T>> all, Function<T, Beat> last, Sightings<Beat> sightings, Duration patience) {
        long before = nanos.getAsLong();
        var live = all.get();
        var told = live.stream().collect(toMap(last, one -> Duration.ZERO));
        var silence = sightings.look(told, before, nanos.getAsLong());
        return live.stream()
                .filter(one -> silence.get(last.apply(one)).compareTo(patience) > 0)
                .toList();
    }

    private void clockSetBack() {
        var now = inputs.databaseTime();
        long at = nanos.getAsLong();
        var expected = databaseTime.equals(Instant.MAX) ? databaseTime : databaseTime.plusNanos(at - databaseNanos);
        if (now.isBefore(expected.minus(SLEW))) {
            inputs.clockWasSetBack();
        }
        databaseTime = now;
        databaseNanos = at;
    }

    private void slowStarts() {
        long before = nanos.getAsLong();
        var starting = containers.starting();
        var told =
                starting.stream().collect(toMap(Container::id, c -> Duration.between(c.createdAt(), clock.instant())));
        var ages = starts.look(told, before, nanos.getAsLong());
        for (var container : starting) {
            var definition = functions.definition(pools.get(container.poolId()).definitionId());
            var limit = definition.duties().startupTimeout();
            if (!limit.isZero() && ages.get(container.id()).compareTo(limit) > 0) {
                evictions.end(container, "not ready within %d s".formatted(limit.toSeconds()));
            }
        }
    }

    /** The runtime enforces no limit: its container has to end, with all that it holds. */
    private void overdueInputs() {
        long before = nanos.getAsLong();
        var running = inputs.running();
        var told = running.stream().collect(toMap(i -> new Try(i.inputId(), i.attempt()), Inputs.Attempt::age));
        var ages = tries.look(told, before, nanos.getAsLong());
        running.stream()
                .filter(i -> ages.get(new Try(i.inputId(), i.attempt())).compareTo(i.limit()) > 0)
                .forEach(this::overdue);
    }

    private void overdue(Inputs.Attempt input) {
        var policy = functions.definition(input.definitionId()).duties().retryPolicy();
        if (inputs.timeOut(input, policy, input.limit())) {
            evictions.end(
                    input.containerId(),
                    "an input ran for longer than %d s".formatted(input.limit().toSeconds()));
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
