// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.build;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;
import static java.util.stream.Collectors.joining;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import serai.activate.Publisher;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.cluster.PoolJob;
import serai.cluster.Shortage;
import serai.config.ImageConfig;
import serai.config.LogConfig;
import serai.config.RunnerConfig;
import serai.container.Container;
import serai.device.DeviceNames;
import serai.device.Gpu;
import serai.id.Secret;
import serai.image.Builds;
import serai.image.Garbage;
import serai.log.BuildLogs;
import serai.peer.Servers;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.reap.Admissions;
import serai.runner.RunnerArtifact;
import serai.server.ServerResources;

/** A build is a job with one allocation, in which the runner builds instead of becoming a container. */
@ApplicationScoped
public class Builders {
    private static final System.Logger LOG = System.getLogger(Builders.class.getName());

    /** Allocations of one build, or calls of its function, that may be lost, with their node or by a kill, before it fails. */
    private static final int MAX_TRIES = 3;

    /** For a builder to end its commands and to tidy up. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(10);

    private static final int DISK_MB = 1_000;

    /** For a builder to present itself. After that its job may be missing: a server died while it began, or the cluster lost it. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** So long a job that this server has asked for is not asked for again. */
    private static final Duration BEGUN = Duration.ofMinutes(1);

    private final Builds builds;
    private final BuildLogs logs;
    private final BuildFunctions functions;
    private final Publisher publisher;
    private final Garbage garbage;
    private final Cluster cluster;
    private final Admissions admissions;
    private final RunnerArtifact artifact;
    private final Servers servers;
    private final RunnerConfig runner;
    private final ImageConfig settings;
    private final LogConfig logSettings;
    private final DeviceNames devices;
    private final InstantSource clock = InstantSource.system();
    private final Set<PoolId> looking = ConcurrentHashMap.newKeySet();
    private final Cache<PoolId, Boolean> begun = Caffeine.newBuilder()
            .expireAfterWrite(BEGUN)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService executor;

    @Inject
    public Builders(
            Builds builds,
            BuildLogs logs,
            BuildFunctions functions,
            Publisher publisher,
            Garbage garbage,
            Cluster cluster,
            Admissions admissions,
            RunnerArtifact artifact,
            Servers servers,
            RunnerConfig runner,
            ImageConfig settings,
            LogConfig logSettings,
            DeviceNames devices) {
        this.builds = builds;
        this.logs = logs;
        this.functions = functions;
        this.publisher = publisher;
        this.garbage = garbage;
        this.cluster = cluster;
        this.admissions = admissions;
        this.artifact = artifact;
        this.servers = servers;
        this.runner = runner;
        this.settings = settings;
        this.logSettings = logSettings;
        this.devices = devices;
    }

    public Builders() {
        this(null, null, null, null, null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /** Looks at every build that is under way or leaves a job behind. */
    public void lookAtAll() {
        builds.open().forEach(build -> look(build.id()));
    }

    /** Forgets layers that are too old or too many, and builds that are as old as logs may be. */
    public void collect() {
        var now = clock.instant();
        var forgotten = garbage.collect(
                now.minus(settings.retention()), (long) settings.maxSizeMb() << 20, now.minus(logSettings.retention()));
        if (forgotten.layers() > 0) {
            LOG.log(INFO, "{0} layers of images are forgotten, {1} bytes", forgotten.layers(), forgotten.bytes());
        }
    }

    /** Begins it, ends it, or takes its job away, whatever it needs. Returns at once. */
    public void look(PoolId id) {
        if (!looking.add(id)) {
            return;
        }
        try {
            executor.execute(() -> {
                try {
                    builds.find(id).ifPresent(this::follow);
                } catch (ProblemException e) { // the next look tries again
                    LOG.log(WARNING, "build {0}: {1}", id, e.getMessage());
                } finally {
                    looking.remove(id);
                }
            });
        } catch (RejectedExecutionException e) {
            looking.remove(id);
            throw e;
        }
    }

    private void follow(Builds.Build build) {
        if (build.isOver()) {
            removeJob(build);
            functions.app(build).filter(app -> app.state().runs()).ifPresent(app -> publisher.stopped(app.id()));
            return;
        }
        var now = clock.instant();
        if (build.waitedAt().isBefore(now.minus(settings.buildSilence()))) {
            end(build.id(), Builds.State.CANCELLED, "nobody waits for it any more");
        } else if (build.callId().isPresent()) { // its function has a time limit of its own
            followFunction(build);
        } else if (build.createdAt().isBefore(now.minus(settings.buildTimeout()))) {
            end(
                    build.id(),
                    Builds.State.TIMED_OUT,
                    "the build took longer than %d s"
                            .formatted(settings.buildTimeout().toSeconds()));
        } else if (build.functionId().isPresent() && builds.isGrounded(build)) {
            removeJob(build);
            functions.call(build);
        } else if (!build.declared()) {
            begin(build);
        } else if (isMissing(build, now)) {
            beginAgain(build);
        } else if (build.state() == Builds.State.WAITING) {
            cluster.shortage(build.id()).ifPresent(shortage -> waits(build, shortage));
        }
    }

    private void followFunction(Builds.Build build) {
        switch (functions.sight(build, clock.instant()).next(MAX_TRIES)) {
            case BuildFunctions.Next.Wait wait -> {}
            case BuildFunctions.Next.Call again -> functions.call(build);
            case BuildFunctions.Next.End(var state, var reason) -> end(build.id(), state, reason);
        }
    }

    private void waits(Builds.Build build, Shortage shortage) {
        var what = builds.gpu(build).map(Gpu::toString).orElse("a place");
        logs.note(build.id(), "The build waits for %s: %s".formatted(what, shortage.reason()), clock.instant());
    }

    private void removeJob(Builds.Build build) {
        if (build.declared()) {
            cluster.remove(build.id());
            builds.declared(build.id(), false);
        }
    }

    private boolean isMissing(Builds.Build build, Instant now) {
        return build.state() == Builds.State.WAITING
                && build.createdAt().isBefore(now.minus(PATIENCE))
                && begun.getIfPresent(build.id()) == null;
    }

    /** May be repeated. */
    private void begin(Builds.Build build) {
        builds.declared(
                build.id(), true); // first: whoever dies or fails here leaves a job that is asked for again, or removed
        cluster.declare(job(build));
        place(build);
    }

    /**
     * Its builder may be about to start: a job that is declared with another content, as by another server, would replace it. Where there
     * is none, the job may be of an earlier server, whose runner or address no node finds any more.
     */
    private void beginAgain(Builds.Build build) {
        boolean isStarting = cluster.allocations(build.id()).stream()
                .anyMatch(allocation -> !allocation.state().isTerminal());
        if (isStarting) {
            begun.put(build.id(), true);
        } else {
            begin(build);
        }
    }

    private void place(Builds.Build build) {
        cluster.resize(build.id(), 1, "an image is built");
        begun.put(build.id(), true);
    }

    /** Its builder has done its commands, or could not. What a function writes on top of them is not made yet. */
    public void ended(Builds.Build build, boolean ok, String reason) {
        if (build.functionId().isPresent() && (ok || builds.isGrounded(build))) {
            look(build.id());
        } else {
            end(build.id(), ok ? Builds.State.DONE : Builds.State.FAILED, reason);
        }
    }

    /** @return whether the container shall keep what it wrote */
    public boolean wants(Container container) {
        return functions.wants(container, clock.instant()).isPresent();
    }

    /**
     * A container's runner will push what it wrote.
     *
     * @throws serai.problem.ProblemException as {@link BuildFunctions#keep} does
     */
    public void pushes(Container container, String tag, String proof) {
        functions.announce(container, tag, proof, clock.instant());
    }

    /**
     * What a container wrote is a layer now.
     *
     * @throws serai.problem.ProblemException as {@link BuildFunctions#keep} does
     */
    public void kept(Container container, String digest, long size, String proof) {
        look(functions.keep(container, digest, size, proof, clock.instant()).id());
    }

    /** Ends it, and takes its job away. */
    private void end(PoolId id, Builds.State state, String reason) {
        builds.end(id, state, reason, clock.instant());
        look(id);
    }

    /**
     * Asks the cluster, so call it outside of transactions.
     *
     * @throws serai.problem.ProblemException as {@link Admissions} do
     */
    public Builds.Admitted admit(PoolId id, String secret, AllocationId allocation, int ordinal) {
        var known = builds.find(id)
                .filter(build -> Secret.isSame(build.secret(), secret))
                .orElseThrow(() -> Problem.UNAUTHENTICATED.because("build %s and its secret do not match", id));
        admissions.placed(known.id(), allocation, ordinal);
        return builds.admit(known.id(), allocation.value(), MAX_TRIES, clock.instant())
                .orElseThrow(() -> Problem.CONTAINER_REFUSED.because("build %s takes no builder", id));
    }

    private Map<String, String> environment(Builds.Build build, Optional<Gpu> gpu) {
        var environment = new HashMap<>(Map.of(
                "SERAI_URL", servers.addresses().stream().map(URI::toString).collect(joining(",")),
                "SERAI_POOL", build.id().value(),
                "SERAI_CACHE", runner.cache(),
                "SERAI_BUILD", "1"));
        environment.putAll(runner.network());
        gpu.ifPresent(it -> environment.put("SERAI_GPUS", Integer.toString(it.count())));
        return environment;
    }

    private PoolJob job(Builds.Build build) {
        var gpu = builds.gpu(build);
        return new PoolJob(
                build.id(),
                Map.of("app", "image build", "function", build.imageId(), "workspace", build.workspaceId()),
                new PoolJob.Resources(
                        settings.buildCpu(),
                        settings.buildMemory(),
                        0,
                        DISK_MB,
                        gpu.map(devices::request).stream().toList()),
                1,
                build.secret(),
                new PoolJob.Runner(
                        servers.addresses().stream().map(artifact::below).toList(), artifact.sha256(), runner.python()),
                environment(build, gpu),
                KILL_TIMEOUT);
    }
}
