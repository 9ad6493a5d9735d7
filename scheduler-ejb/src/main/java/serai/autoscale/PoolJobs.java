// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static java.util.stream.Collectors.joining;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import serai.autoscale.Demands.Observation;
import serai.cluster.PoolJob;
import serai.config.AutoscaleConfig;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.device.DeviceNames;
import serai.function.CpuLimits;
import serai.image.Publications;
import serai.peer.Servers;
import serai.runner.RunnerArtifact;
import serai.workspace.Workspaces;

/** What the cluster has to know of a pool. */
@ApplicationScoped
public class PoolJobs {
    /** For exit methods; Nomad's clients allow 30 s unless they are set up otherwise. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(30);

    /** Of an image that an engine runs, as builders have put the runtime there. */
    private static final String CACHE_INSIDE = "/var/lib/serai/cache";

    private static final String PYTHON_INSIDE = "python3";

    private final Workspaces workspaces;
    private final RunnerArtifact artifact;
    private final Servers servers;
    private final RunnerConfig runner;
    private final DeviceNames devices;
    private final AutoscaleConfig scaling;
    private final ImageConfig images;
    private final Publications publications;
    private final CpuLimits cpuLimits;

    @Inject
    public PoolJobs(
            Workspaces workspaces,
            RunnerArtifact artifact,
            Servers servers,
            RunnerConfig runner,
            DeviceNames devices,
            AutoscaleConfig scaling,
            ImageConfig images,
            Publications publications,
            CpuLimits cpuLimits) {
        this.scaling = scaling;
        this.images = images;
        this.publications = publications;
        this.cpuLimits = cpuLimits;
        this.workspaces = workspaces;
        this.artifact = artifact;
        this.servers = servers;
        this.runner = runner;
        this.devices = devices;
    }

    public PoolJobs() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Transactional
    public PoolJob of(Observation seen) {
        return new PoolJob(
                seen.pool().id(),
                labels(seen),
                resources(seen),
                scaling.maxContainers(), // a function's own maximum may change while it runs
                seen.pool().secret(),
                new PoolJob.Runner(
                        servers.addresses().stream().map(artifact::below).toList(),
                        artifact.sha256(),
                        isEngines(seen) ? PYTHON_INSIDE : runner.python()),
                environment(seen),
                KILL_TIMEOUT,
                engine(seen));
    }

    /** A function that builds an image writes on layers, which an engine does not have. */
    private boolean isEngines(Observation seen) {
        return images.engine().isPresent() && !seen.app().internal();
    }

    private Optional<PoolJob.Engine> engine(Observation seen) {
        var duties = seen.definition().duties();
        return images.engine()
                .filter(engine -> isEngines(seen))
                .flatMap(engine -> publications
                        .reference(duties.imageId(), duties.clientVersion())
                        .map(image -> new PoolJob.Engine(
                                engine.driver(),
                                image,
                                engine.network(),
                                engine.tls(),
                                runner.processes(),
                                cpuLimits.milliCpuMax(seen.definition()))));
    }

    /** Of what never changes for the pool: other labels would be another job, and its containers would be replaced. */
    private Map<String, String> labels(Observation seen) {
        var app = seen.app();
        return Map.of(
                "app", app.name() == null ? app.id() : app.name(),
                "function", seen.function().name(),
                "version", seen.definition().id(),
                "environment",
                        workspaces.environment(seen.pool().environmentId()).name(),
                "serai_url",
                        servers.addresses()
                                .getFirst()
                                .resolve("/api/v1/functions/" + seen.function().id())
                                .toString(),
                "workspace", workspaces.tenant(seen.pool().workspaceId()).workspaceName());
    }

    private Map<String, String> environment(Observation seen) {
        var environment = new HashMap<>(Map.of(
                "SERAI_URL", servers.addresses().stream().map(URI::toString).collect(joining(",")),
                "SERAI_POOL", seen.pool().id().value(),
                "SERAI_CACHE", isEngines(seen) ? CACHE_INSIDE : runner.cache()));
        if (isEngines(seen)) {
            environment.put("SERAI_ENGINE", "1");
        }
        environment.putAll(runner.network());
        // without it a runner gives its container nothing, whatever its node has
        seen.gpu().ifPresent(gpu -> environment.put("SERAI_GPUS", Integer.toString(gpu.count())));
        return environment;
    }

    private PoolJob.Resources resources(Observation seen) {
        var wanted = seen.definition().duties().resources();
        return new PoolJob.Resources(
                wanted.milliCpu(),
                wanted.memoryMb(),
                wanted.memoryMaxMb(),
                wanted.diskMb(),
                seen.gpu().map(devices::request).stream().toList());
    }
}
