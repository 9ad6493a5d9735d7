// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serai.activate.Publisher;
import serai.autoscale.Demands;
import serai.autoscale.Looks;
import serai.autoscale.PoolJobs;
import serai.autoscale.PoolScaler;
import serai.autoscale.Reconciliations;
import serai.autoscale.Retirements;
import serai.autoscale.Shortages;
import serai.call.Inputs;
import serai.cluster.Allocation;
import serai.cluster.AllocationId;
import serai.cluster.PoolJob;
import serai.cluster.Shortage;
import serai.config.AutoscaleConfig;
import serai.config.CallConfig;
import serai.config.DeviceConfig;
import serai.container.Container;
import serai.function.Adjustments;
import serai.function.AutoscalerSettings;
import serai.log.Logs;
import serai.peer.Leases;
import serai.peer.ModelLeases;
import serai.pool.PoolId;
import serai.reap.Admissions;
import serai.reap.ContainerEnds;
import serai.reap.Departures;
import serai.reap.Evictions;
import serai.reap.News;
import serai.reap.Reaper;
import serai.server.Defaults;
import serai.signal.Topic;

/** One run of a server, beside others: the product's own scheduler, with the memory that it loses when it dies. */
final class SimulatedServer {
    static final Duration LEASE = Duration.ofSeconds(20);

    /** With less between two looks at time limits, they are the same server's. */
    private static final Duration REAPING = Duration.ofSeconds(3);

    private static final AutoscaleConfig AUTOSCALE = Defaults.of(AutoscaleConfig.class, Map.of());
    private static final DeviceConfig DEVICES = Defaults.of(DeviceConfig.class, Map.of());
    private static final CallConfig CALLS = Defaults.of(
            CallConfig.class,
            Map.of("serai.call.lease", LEASE.toString(), "serai.call.max-losses", "" + World.MAX_LOSSES));

    final Admissions admissions;
    final Departures departures;
    final Reconciliations reconciliations;
    final Inputs inputs;

    /** Since when it is this one that looks at time limits. */
    Instant reapingSince;

    private final World world;
    private final String name;
    private final Leases leases;
    private final PoolScaler scaler;
    private final Reaper reaper;
    private final News news;
    private final Set<PoolId> asked = new HashSet<>();
    private Instant lastReaping = Instant.MIN;

    /** What one server does beside each other. */
    private enum Activity {
        LOOK,
        TICK,
        REAPER,
        NEWS
    }

    /** Of one server: it does one thing at a time. */
    private record Job(SimulatedServer server, Activity activity) {}

    SimulatedServer(World world, String name) {
        this.world = world;
        this.name = name;
        this.reapingSince = world.time.now();
        this.leases = new ModelLeases(world.leases, name, this::nanos, world);
        this.inputs = world.queue.inputs;
        InstantSource clock = this::now;
        var logs = new QuietLogs();
        scaler = new PoolScaler(
                new Demands(
                        world.pools,
                        world.functions,
                        new NoAdjustments(),
                        world.apps,
                        world.containers,
                        inputs,
                        null, // no function serves
                        AUTOSCALE) {
                    @Override
                    public Optional<Observation> observe(PoolId id) {
                        return world.of(() -> super.observe(id));
                    }
                },
                new Jobs(world),
                world.pools,
                world.containers,
                inputs,
                new Retirements(world.apps, world.functions, world.pools, inputs, world.containers) {
                    @Override
                    public boolean begin(PoolId id) {
                        return world.of(() -> super.begin(id));
                    }
                },
                new TransactionalShortages(world, logs),
                world.cluster,
                AUTOSCALE,
                DEVICES,
                clock);
        reconciliations =
                new Reconciliations(scaler, leases, world.signals, work -> {
                    throw new IllegalStateException("looks are this server's own events");
                }) {
                    @Override
                    public void request(PoolId pool) {
                        look(pool);
                    }
                };
        departures = new Departures(
                new ContainerEnds(world.containers, world.pools, logs) {
                    @Override
                    public Optional<Container> keep(String id, Integer exitCode, String reason, Instant now) {
                        return world.of(() -> super.keep(id, exitCode, reason, now));
                    }

                    @Override
                    public void neverStarted(
                            AllocationId allocation, PoolId pool, int ordinal, String reason, Instant now) {
                        world.run(() -> super.neverStarted(allocation, pool, ordinal, reason, now));
                    }
                },
                world.containers,
                inputs,
                world.pools,
                scaler,
                reconciliations,
                CALLS,
                clock);
        admissions = new Admissions(world.pools, world.containers, world.cluster, clock);
        reaper = new Reaper(
                world.containers,
                inputs,
                world.pools,
                world.functions,
                world.apps,
                departures,
                new NoPublisher(),
                new Evictions(world.containers, departures, world.cluster),
                CALLS,
                clock,
                this::nanos);
        news = new News(world.cluster, departures, world.time.now());
        every(Duration.ofSeconds(1), Activity.TICK, () -> reconciliations.requestOwn(world.pools.awake()));
        every(Duration.ofSeconds(1), Activity.REAPER, () -> leases.under("reaper", () -> reap(reaper::reapOverdue)));
        every(Duration.ofSeconds(5), Activity.REAPER, () -> leases.under("reaper", () -> reap(reaper::reap)));
    }

    @Override
    public String toString() {
        return name;
    }

    Instant now() {
        return world.serverTime();
    }

    /** By a clock that nobody sets. */
    private long nanos() {
        return Duration.between(Time.BEGIN, world.time.now()).toNanos();
    }

    private void every(Duration period, Activity activity, Runnable what) {
        after(period, activity, () -> {
            try {
                what.run();
            } finally {
                every(period, activity, what);
            }
        });
    }

    /** If it still runs then. It stops with the server. */
    private void after(Duration delay, Activity activity, Runnable what) {
        var job = new Job(this, activity);
        world.time.actsAfter(delay, job, () -> world.work(this, job, what));
    }

    private void reap(Runnable what) {
        var now = world.time.now();
        if (lastReaping.isBefore(now.minus(REAPING))) {
            reapingSince = now;
        }
        lastReaping = now;
        what.run();
    }

    /** Soon; one look is under way and at most one waits. */
    void look(PoolId pool) {
        look(pool, world.upTo(5));
    }

    private void look(PoolId pool, Duration after) {
        if (asked.add(pool)) {
            after(after, Activity.LOOK, () -> {
                asked.remove(pool);
                Looks.look(reconciliations, pool, this::look);
            });
        }
    }

    void hear(Allocation allocation, Duration after) {
        after(after, Activity.NEWS, () -> news.tell(allocation));
    }

    /** Another server has told of it. */
    void hear(Topic topic) {
        after(world.upTo(5), Activity.TICK, () -> reconciliations.requestIfOwn(new PoolId(topic.id())));
    }

    /** The first request for work, as the edge for containers takes it. */
    void ready(String container, PoolId pool) {
        if (world.containers.ready(container, now())) {
            world.pools.startSucceeded(pool);
            reconciliations.request(pool);
        }
    }

    private static final class Jobs extends PoolJobs {
        private final World world;

        Jobs(World world) {
            this.world = world;
        }

        @Override
        public PoolJob of(Demands.Observation seen) {
            return world.of(() -> new PoolJob(
                    seen.pool().id(),
                    Map.of(),
                    new PoolJob.Resources(100, 128, 0, 512),
                    seen.autoscaler().maxContainers(),
                    seen.pool().secret(),
                    null,
                    Map.of(),
                    Duration.ofSeconds(30)));
        }
    }

    private static final class TransactionalShortages extends Shortages {
        private final World world;

        TransactionalShortages(World world, Logs logs) {
            super(world.pools, world.queue.inputs, world.functions, logs);
            this.world = world;
        }

        @Override
        public String begin(Demands.Observation seen, Shortage shortage, String told, Instant now) {
            return world.of(() -> super.begin(seen, shortage, told, now));
        }

        @Override
        public void end(Demands.Observation seen, String reason, Instant now) {
            world.run(() -> super.end(seen, reason, now));
        }

        @Override
        public boolean trouble(PoolId id, String why, Instant now) {
            return world.of(() -> super.trouble(id, why, now));
        }

        @Override
        public void recovered(PoolId id, Instant now) {
            world.run(() -> super.recovered(id, now));
        }

        @Override
        public void shrink(Demands.Observation seen, int unplaced, Instant now) {
            world.run(() -> super.shrink(seen, unplaced, now));
        }

        @Override
        public void giveWay(Demands.Observation seen, int unplaced, Instant until, Instant now) {
            world.run(() -> super.giveWay(seen, unplaced, until, now));
        }
    }

    private static final class QuietLogs extends Logs {
        @Override
        public void note(String appId, String functionId, String line, Instant at) {}

        @Override
        public String lastWords(Container container, int characters) {
            return "";
        }
    }

    private static final class NoAdjustments extends Adjustments {
        @Override
        public Optional<AutoscalerSettings> of(String functionId, String definitionId) {
            return Optional.empty();
        }
    }

    /** No app ends in a run. */
    private static final class NoPublisher extends Publisher {
        @Override
        public void resume() {}
    }
}
