// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.server;

import static org.assertj.core.api.Assertions.fail;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Persistence;
import jakarta.transaction.Transactional;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.postgresql.ds.PGPoolingDataSource;
import serai.activate.Adjuster;
import serai.activate.CallTargets;
import serai.activate.Closings;
import serai.activate.Publisher;
import serai.activate.Rollouts;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.autoscale.Demands;
import serai.autoscale.PoolJobs;
import serai.autoscale.PoolScaler;
import serai.autoscale.Reconciliations;
import serai.autoscale.Retirements;
import serai.autoscale.Shortages;
import serai.build.BuildFunctions;
import serai.build.Builders;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.Inputs;
import serai.call.NewInput;
import serai.cluster.InMemoryCluster;
import serai.config.AutoscaleConfig;
import serai.config.CallConfig;
import serai.config.DeviceConfig;
import serai.config.ImageConfig;
import serai.config.LogConfig;
import serai.config.RunnerConfig;
import serai.config.ScheduleConfig;
import serai.config.SecretConfig;
import serai.container.Containers;
import serai.cron.Firer;
import serai.database.DatabaseClock;
import serai.device.Devices;
import serai.device.Gpu;
import serai.event.Events;
import serai.function.Adjustments;
import serai.function.AutoscalerSettings;
import serai.function.CpuLimits;
import serai.function.Definition;
import serai.function.Deployments;
import serai.function.Function;
import serai.function.Functions;
import serai.function.OptionReader;
import serai.function.Resources;
import serai.function.RetryPolicy;
import serai.function.Variants;
import serai.id.NewId;
import serai.image.Builds;
import serai.image.ImageNames;
import serai.image.Images;
import serai.image.Publications;
import serai.log.Logs;
import serai.mount.Mounts;
import serai.peer.Leases;
import serai.peer.Servers;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.reap.Admissions;
import serai.reap.ContainerEnds;
import serai.reap.Departures;
import serai.reap.Evictions;
import serai.reap.Reaper;
import serai.reap.Retention;
import serai.replay.Replays;
import serai.runner.RunnerArtifact;
import serai.schedule.Firings;
import serai.schedule.Schedules;
import serai.secret.Secrets;
import serai.serve.Serving;
import serai.signal.Signals;
import serai.signal.Topic;
import serai.web.RateLimits;
import serai.web.WebEndpoints;
import serai.workspace.Environment;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** Everything behind the edges, on a real PostgreSQL and a cluster in memory. One workspace with one app for each. */
public final class TestServer {
    private static final DataSource SOURCE = startDatabase();
    private static final EntityManagerFactory FACTORY = Persistence.createEntityManagerFactory(
            "serai",
            Map.of(
                    "jakarta.persistence.transactionType",
                    "RESOURCE_LOCAL",
                    "jakarta.persistence.nonJtaDataSource",
                    SOURCE,
                    "jakarta.persistence.jtaDataSource",
                    SOURCE,
                    "hibernate.transaction.coordinator_class",
                    "jdbc"));

    private final Transactions transactions = new Transactions(FACTORY, SOURCE);
    public final Jdbi jdbi = Jdbi.create(transactions).registerArrayType(String.class, "text");
    private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
    private final AtomicReference<Duration> set = new AtomicReference<>(Duration.ZERO);
    private final InstantSource clock = () -> Instant.now().plus(ahead.get()).plus(set.get());
    private final DatabaseClock databaseClock = new DatabaseClock(clock::instant, this::nanos);
    private final Executor executor = work -> Thread.ofVirtual().start(work);

    public final InMemoryCluster cluster = new InMemoryCluster();
    public final Signals signals = signals();
    public final Workspaces workspaces = bean(Workspaces.class, transactions.entities());
    public final Apps apps = bean(Apps.class, transactions.entities(), signals);
    public final Mounts mounts = bean(Mounts.class, transactions.entities(), jdbi, null);
    public final Functions functions = bean(Functions.class, transactions.entities());
    public final Adjustments adjustments = bean(Adjustments.class, jdbi);
    public final Variants variants = bean(Variants.class, functions, new NoOptions());
    public final Deployments deployments = bean(Deployments.class, apps, functions, variants);
    public final Events events = bean(Events.class, jdbi);
    public final Pools pools = bean(Pools.class, transactions.entities(), jdbi, events);
    public final Containers containers = bean(Containers.class, transactions.entities(), jdbi, signals, events);
    public final Calls calls = bean(Calls.class, jdbi, signals);
    public final Inputs inputs = bean(Inputs.class, jdbi, signals);
    public final Schedules schedules = bean(Schedules.class, transactions.entities(), jdbi);
    private final ImageConfig imageSettings = settings(ImageConfig.class, Map.of());
    public final Images images =
            bean(Images.class, transactions.entities(), jdbi, imageSettings, settings(RunnerConfig.class, Map.of()));
    public final ImageNames imageNames = bean(ImageNames.class, jdbi);
    public final Publications publications = bean(Publications.class, jdbi, images, imageSettings);
    public final Builds builds = bean(Builds.class, jdbi, images, signals);
    public final WebEndpoints endpoints = bean(WebEndpoints.class, transactions.entities(), jdbi);
    public final Serving serving = bean(Serving.class, jdbi, signals);
    public final Firings firings = bean(Firings.class, jdbi, calls, functions, pools);
    public final Logs logs = bean(Logs.class, jdbi, signals);

    private final AutoscaleConfig autoscale = settings(AutoscaleConfig.class, Map.of("stop-grace", "PT1S"));
    private final CallConfig call = settings(CallConfig.class, Map.of());
    public final Retirements retirements = bean(Retirements.class, apps, functions, pools, inputs, containers);
    private final RunnerArtifact artifact = RunnerArtifact.of(new byte[] {1, 2, 3});
    private final Servers servers =
            new Servers(jdbi, URI.create("http://127.0.0.1:8080"), URI.create("http://127.0.0.1:50051"));
    public final PoolScaler scaler = new PoolScaler(
            bean(Demands.class, pools, functions, adjustments, apps, containers, inputs, serving, autoscale),
            bean(
                    PoolJobs.class,
                    workspaces,
                    artifact,
                    servers,
                    settings(RunnerConfig.class, Map.of()),
                    Devices.read(Optional.empty()),
                    autoscale,
                    imageSettings,
                    publications,
                    (CpuLimits) definition -> 0),
            pools,
            containers,
            inputs,
            retirements,
            bean(Shortages.class, pools, inputs, functions, logs),
            cluster,
            autoscale,
            settings(DeviceConfig.class, Map.of()),
            clock);
    private final Leases leases = new Leases(jdbi, servers);
    public final Reconciliations reconciliations = new Reconciliations(scaler, leases, signals, executor);
    public final Adjuster adjuster = new Adjuster(functions, adjustments, pools, reconciliations, autoscale);
    private final Rollouts rollouts = bean(Rollouts.class, apps, functions, pools, retirements, schedules);
    private final Closings closings =
            bean(Closings.class, apps, pools, inputs, containers, retirements, schedules, autoscale);
    public final Publisher publisher = publisher(executor);
    public final CallTargets targets = new CallTargets(calls, pools, functions, apps);
    public final Departures departures = new Departures(
            bean(ContainerEnds.class, containers, pools, logs),
            containers,
            inputs,
            pools,
            scaler,
            reconciliations,
            call);
    public final Admissions admissions = new Admissions(pools, containers, cluster, InstantSource.system());
    public final Evictions evictions = new Evictions(containers, departures, cluster);
    public final Reaper reaper = new Reaper(
            containers, inputs, pools, functions, apps, departures, publisher, evictions, call, clock, this::nanos);
    public final Retention retention = new Retention(
            calls,
            bean(Replays.class, jdbi),
            logs,
            pools,
            events,
            secrets(null),
            new RateLimits(SOURCE),
            call,
            settings(LogConfig.class, Map.of()));

    {
        signals.onUnheard(topic -> {
            if (topic.kind() == Topic.Kind.WORK) {
                reconciliations.request(new PoolId(topic.id()));
            }
        });
    }

    public final Tenant tenant =
            workspaces.issueToken(NewId.lowerCase("w").substring(0, 12)).tenant();
    public final Environment environment = workspaces.environment(tenant, "");

    /** Its connections are kept: to open one takes longer than most tests. */
    @SuppressWarnings("deprecation") // in favour of pools with more settings
    private static DataSource startDatabase() {
        try {
            var source = new PGPoolingDataSource();
            source.setUrl(EmbeddedPostgres.start().getJdbcUrl("postgres", "postgres")); // ends with the JVM
            return source;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of a server whose threads are these. */
    public Publisher publisher(Executor threads) {
        return new Publisher(rollouts, closings, reconciliations, signals, threads);
    }

    private <T> T bean(Class<T> type, Object... arguments) {
        return transactions.around(type, arguments);
    }

    private Signals signals() {
        var made = new Signals();
        Defaults.set(made, "transactions", transactions.registry());
        return made;
    }

    /** @param masterKeys null for a server without */
    public Secrets secrets(String masterKeys) {
        var set = masterKeys == null ? Map.<String, String>of() : Map.of("serai.secret.master-keys", masterKeys);
        return bean(Secrets.class, transactions.entities(), settings(SecretConfig.class, set));
    }

    private static <T> T settings(Class<T> type, Map<String, String> others) {
        return Defaults.of(type, others);
    }

    /** Of a server that has just started. What it is asked for is done when the call returns. */
    public Builders builders() {
        return builders(artifact);
    }

    /** Of a server that has another runner for its builders. */
    public Builders builders(RunnerArtifact runner) {
        var made = injected(
                Builders.class,
                builds,
                new BuildFunctions(),
                publisher,
                cluster,
                admissions,
                runner,
                servers,
                settings(RunnerConfig.class, Map.of()),
                imageSettings,
                settings(LogConfig.class, Map.of()),
                Devices.read(Optional.empty()));
        Defaults.set(made, "executor", Transactions.atOnce());
        return made;
    }

    /** By type, as the server does it; null for what is not given. */
    private static <T> T injected(Class<T> type, Object... given) {
        var constructor = Stream.of(type.getConstructors())
                .max(Comparator.comparingInt(Constructor::getParameterCount))
                .orElseThrow();
        try {
            return type.cast(constructor.newInstance(Stream.of(constructor.getParameterTypes())
                    .map(wanted -> Stream.of(given)
                            .filter(wanted::isInstance)
                            .findFirst()
                            .orElse(null))
                    .toArray()));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** From now on containers are the engine's, of images in that registry. */
    public void containersAre(String driver, Optional<String> registry) {
        Defaults.set(imageSettings, "driver", Optional.of(driver));
        Defaults.set(imageSettings, "registry", registry);
    }

    public void workspaceContainers(int most) {
        Defaults.set(autoscale, "workspaceContainers", most);
    }

    public void stopGrace(Duration grace) {
        Defaults.set(autoscale, "stopGrace", grace);
    }

    /** From now on the server's clock is ahead of the database's. */
    public void passes(Duration time) {
        ahead.updateAndGet(before -> before.plus(time));
    }

    /** Somebody sets the server's clock, while no time passes. */
    public void clockIsSet(Duration by) {
        set.updateAndGet(before -> before.plus(by));
    }

    private long nanos() {
        return System.nanoTime() + ahead.get().toNanos();
    }

    public Instant now() {
        return clock.instant();
    }

    /** The clock of one server among others: schedules, and who fires them, are in the database. */
    public Firer firer(Duration tolerance, Executor threads, InstantSource time) {
        var given = settings(ScheduleConfig.class, Map.of("serai.schedule.tolerance", tolerance.toString()));
        return new Firer(firings, schedules, given, threads, time);
    }

    /** A tick for everything of this test that would get one: pools that others left are not known to its cluster. */
    public void tick() {
        var own = jdbi.withHandle(h -> h.select("select id from pool where workspace_id = ?", tenant.workspaceId())
                .mapTo(String.class)
                .set());
        pools.awake().stream().filter(pool -> own.contains(pool.value())).forEach(reconciliations::request);
    }

    /** In one transaction. */
    public void together(Runnable work) {
        bean(Unit.class).run(work);
    }

    /** Somebody else's work, at the same time. */
    public CompletableFuture<Void> beside(Runnable work) {
        return CompletableFuture.runAsync(work, executor).orTimeout(30, TimeUnit.SECONDS);
    }

    /** Until so many statements about the table wait for somebody else's transaction. To be called outside of one. */
    public void awaitWaiting(int statements, String table) {
        await(
                "%d statements to wait".formatted(statements),
                () -> jdbi.withHandle(handle -> handle.createQuery("""
                                        select count(*) from pg_stat_activity
                                        where wait_event_type = 'Lock' and query like '%' || :table || '%'""")
                                .bind("table", table)
                                .mapTo(Integer.class)
                                .one()
                        == statements));
    }

    /** Of work. */
    @Transactional
    public static class Unit {
        public void run(Runnable work) {
            work.run();
        }
    }

    /** @param gpu of its build */
    public String image(Optional<String> base, Optional<Gpu> gpu, String... lines) {
        var request = new Images.Request(
                List.of(lines),
                base,
                List.of(),
                Map.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                gpu,
                "2026.10");
        return images.getOrCreate(tenant, NewId.of("im"), request).id();
    }

    public App app() {
        return apps.create(environment, "an app", App.State.INITIALIZING, now());
    }

    public Function function(App app) {
        return functions.reserve(app, "f", Optional.empty());
    }

    public Definition define(Function function, int min, Duration window) {
        return define(function, new AutoscalerSettings(min, 10, 0, window));
    }

    /** @param gpus by rank */
    public Definition define(Function function, AutoscalerSettings scaling, Gpu... gpus) {
        return define(function, scaling, false, gpus);
    }

    /** The pool of a published function whose containers serve HTTP, one request each. */
    public Pool served(AutoscalerSettings scaling) {
        var app = app();
        var function = function(app);
        define(function, scaling, true);
        publish(app, function);
        return current(function);
    }

    private Definition define(Function function, AutoscalerSettings scaling, boolean serves, Gpu... gpus) {
        var duties = new Definition.Duties(
                scaling,
                RetryPolicy.NONE,
                new Resources(100, 128, 0, 512),
                1,
                Duration.ofMinutes(5),
                Duration.ofMinutes(5),
                null,
                List.of(),
                "1.6.4",
                List.of(gpus),
                List.of(),
                false,
                false,
                serves);
        return functions.define(function, new Definition.Wire(new byte[0], new byte[0], new byte[0]), duties);
    }

    /** Options change nothing here but that there is a definition of its own. Those that say so are refused. */
    private static final class NoOptions implements OptionReader {
        @Override
        public Derived apply(Definition base, byte[] options) {
            if (new String(options, StandardCharsets.UTF_8).equals("impossible")) {
                throw Problem.FEATURE_UNSUPPORTED.because("impossible options");
            }
            return new Derived(base.wire(), base.duties());
        }

        @Override
        public void mustExist(Tenant tenant, Definition.Duties duties) {}
    }

    /** The app with these functions, by their newest definitions. */
    public App publish(App app, Function... published) {
        var publishedApp = publishOnly(app, published);
        publisher.published(publishedApp);
        return publishedApp;
    }

    /** As {@link #publish}, up to the moment before the rollout. */
    public App publishOnly(App app, Function... published) {
        var tags = new java.util.HashMap<String, String>();
        for (var function : published) {
            tags.put(function.name(), function.id());
        }
        deployments.publish(
                tenant,
                app.id(),
                new Apps.Publication("", App.State.EPHEMERAL, "", "1.6.4", new Layout(tags, Map.of())),
                Map.of(),
                now());
        return apps.get(tenant, app.id());
    }

    /** A function that is published and can be called. */
    public Pool pool(int min, Duration window) {
        var app = app();
        var function = function(app);
        define(function, min, window);
        publish(app, function);
        return current(function);
    }

    public Pool current(Function function) {
        return pools.current(functions.get(tenant, function.id())).orElseThrow();
    }

    /** One call with so many inputs. */
    public String call(Pool pool, int count) {
        var given = IntStream.range(0, count)
                .mapToObj(i -> new NewInput(i, "", new byte[] {(byte) i}))
                .toList();
        var target = calls.target(tenant, pool.functionId());
        return calls.start(target, new Calls.NewCall(FunctionCall.Kind.MAP, 1, null), given)
                .callId();
    }

    public Pool reload(PoolId pool) {
        return pools.get(pool);
    }

    /** As if the container had claimed what it holds at that time. */
    public void setClaimedAt(String container, Instant at) {
        jdbi.useHandle(h -> h.execute(
                "update input set claimed_at = ? where container_id = ?", java.sql.Timestamp.from(at), container));
    }

    /** What a runner and its runtime do, played by hand. */
    public TestContainer container(Pool pool, int ordinal) {
        return new TestContainer(this, pool, ordinal);
    }

    /** Waits until it holds, ticking as the timer does. */
    public void await(String what, BooleanSupplier holds) {
        var deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                fail("not within 10 s: " + what);
            }
            tick();
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
