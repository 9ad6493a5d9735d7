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
import serai.autoscale.Demands.Observation;
import serai.cluster.PoolJob;
import serai.config.AutoscaleConfig;
import serai.config.RunnerConfig;
import serai.device.DeviceNames;
import serai.peer.Servers;
import serai.runner.RunnerArtifact;
import serai.workspace.Workspaces;

/** What the cluster has to know of a pool. */
@ApplicationScoped
public class PoolJobs {
    /** For exit methods; Nomad's clients allow 30 s unless they are set up otherwise. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(30);

    private final Workspaces workspaces;
    private final RunnerArtifact artifact;
    private final Servers servers;
    private final RunnerConfig runner;
    private final DeviceNames devices;
    private final AutoscaleConfig scaling;

    @Inject
    public PoolJobs(
            Workspaces workspaces,
            RunnerArtifact artifact,
            Servers servers,
            RunnerConfig runner,
            DeviceNames devices,
            AutoscaleConfig scaling) {
        this.scaling = scaling;
        this.workspaces = workspaces;
        this.artifact = artifact;
        this.servers = servers;
        this.runner = runner;
        this.devices = devices;
    }

    public PoolJobs() {
        this(null, null, null, null, null, null); // for the server's proxy
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
                        servers.addresses().stream().map(artifact::below).toList(), artifact.sha256(), runner.python()),
                environment(seen),
                KILL_TIMEOUT);
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
                "SERAI_CACHE", runner.cache()));
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
