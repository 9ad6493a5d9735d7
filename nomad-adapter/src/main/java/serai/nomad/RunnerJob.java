// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.hashicorp.nomad.apimodel.Affinity;
import com.hashicorp.nomad.apimodel.Constraint;
import com.hashicorp.nomad.apimodel.EphemeralDisk;
import com.hashicorp.nomad.apimodel.Job;
import com.hashicorp.nomad.apimodel.LogConfig;
import com.hashicorp.nomad.apimodel.RequestedDevice;
import com.hashicorp.nomad.apimodel.ReschedulePolicy;
import com.hashicorp.nomad.apimodel.Resources;
import com.hashicorp.nomad.apimodel.RestartPolicy;
import com.hashicorp.nomad.apimodel.ScalingPolicy;
import com.hashicorp.nomad.apimodel.Task;
import com.hashicorp.nomad.apimodel.TaskGroup;
import com.hashicorp.nomad.apimodel.Template;
import com.hashicorp.nomad.apimodel.UpdateStrategy;
import com.hashicorp.nomad.javasdk.NomadJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import serai.cluster.PoolJob;
import serai.config.NomadConfig;
import serai.device.Condition;
import serai.device.DeviceRequest;
import serai.pool.PoolId;

/** How a pool looks as a Nomad job: one group of one task that runs the runner. Pure; sends nothing. */
final class RunnerJob {
    static final String GROUP = "pool";

    /** Of a job's meta: digest of everything that was declared. A job with the same digest need not be registered again. */
    static final String CONTENT = "serai_content";

    /** Our jobs' names start with it, those of others may not. */
    static final String PREFIX = "po-";

    private static final String TASK = "runner";

    /** Fetches and checks the runner, then becomes it. */
    private static final String START = read("start_runner.py");

    /** Two files of 1 MiB for each of the two streams: the runner ships the logs that matter by itself. */
    private static final int LOG_FILES = 2;

    private static final int LOG_FILE_MB = 1;
    private static final int LOGS_MB = 2 * LOG_FILES * LOG_FILE_MB;

    /** The least that Nomad accepts. */
    private static final int LEAST_DISK_MB = 10;

    /** What the runner itself takes, with its pasta: 43 MiB beside an idle container. Nomad counts it with the function's. */
    private static final int RUNNER_MEMORY_MB = 48;

    /** More than a node has: Nomad's own word for no limit, -1, is refused by its older versions. */
    private static final int NO_LIMIT_MB = 1 << 20;

    /** Of 100. Between preferences it only matters that they weigh the same. */
    private static final short AFFINITY = 50;

    private static final ObjectMapper SORTED =
            new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

    private RunnerJob() {}

    /** Where Nomad keeps the pool's secret. A job may read what lies under its own name, without any policy. */
    static String secretPath(PoolId pool) {
        return "nomad/jobs/" + pool;
    }

    /** With count 0: the size is set by scaling, never by registering. */
    static Job of(PoolJob pool, NomadConfig settings) {
        var meta = meta(pool.labels());
        var job = new Job()
                .setId(pool.pool().value())
                .setName(pool.pool().value())
                .setType("service")
                .setNamespace(settings.namespace())
                .setDatacenters(settings.datacenters())
                .setMeta(meta)
                .addTaskGroups(group(pool, settings));
        settings.region().ifPresent(job::setRegion);
        job.addUnmappedProperty("NodePool", settings.nodePool());
        meta.put(CONTENT, digest(canonical(job) + pool.secret()));
        return job.setName(
                title(pool)); // after the digest: another way to show a pool is no reason to replace its containers
    }

    /** What a list of jobs shows: {@code hello.square}. The id alone finds it, so two pools may be called alike. */
    private static String title(PoolJob pool) {
        var named = Stream.of("app", "function")
                .map(pool.labels()::get)
                .filter(Objects::nonNull)
                .collect(joining("."))
                .replaceAll("[\\p{Cntrl}\\s]+", " ")
                .strip();
        return named.isEmpty() ? pool.pool().value() : named;
    }

    private static TaskGroup group(PoolJob pool, NomadConfig settings) {
        var group = new TaskGroup()
                .setName(GROUP)
                .setCount(0)
                .setScaling(new ScalingPolicy().setEnabled(true).setMin(0L).setMax(pool.maxContainers()))
                // 0: no deployments. With any other number each scaling starts one and blocks the next until it ends.
                .setUpdate(new UpdateStrategy().setMaxParallel(0))
                // No second start in the same allocation: the server issues one token for an allocation, once. The
                // interval counts nothing then, but must be 5 s or more.
                .setRestartPolicy(new RestartPolicy()
                        .setAttempts(0)
                        .setMode("fail")
                        .setInterval(Duration.ofSeconds(5).toNanos())
                        .setDelay(0L))
                // A failed slot is never refilled without it. 5 s is the least delay; constant, because the
                // platform counts failures itself and scales a pool that crashes in a loop to 0.
                .setReschedulePolicy(new ReschedulePolicy()
                        .setAttempts(0)
                        .setInterval(0L)
                        .setUnlimited(true)
                        .setDelayFunction("constant")
                        .setDelay(Duration.ofSeconds(5).toNanos()))
                .setEphemeralDisk(new EphemeralDisk().setSizeMb(diskMb(pool.resources())))
                .addTasks(task(pool, settings));
        return pool.engine().isPresent() ? group : OnNode.of(group, settings);
    }

    private static Task task(PoolJob pool, NomadConfig settings) {
        return new Task()
                .setName(TASK)
                .setDriver(pool.engine().map(PoolJob.Engine::driver).orElse(settings.driver()))
                .setConfig(config(pool))
                .setEnv(new TreeMap<>(pool.environment()))
                // What the client's runtime treats as a polite end; on SIGTERM it skips exit methods.
                .setKillSignal("SIGINT")
                .setKillTimeout(pool.killTimeout().toNanos())
                .setLogConfig(new LogConfig().setMaxFiles(LOG_FILES).setMaxFileSizeMb(LOG_FILE_MB))
                .setResources(resources(pool, settings))
                .addTemplates(new Template()
                        .setEmbeddedTmpl(
                                "{{ with nomadVar \"%s\" }}{{ .secret }}{{ end }}".formatted(secretPath(pool.pool())))
                        .setDestPath("secrets/pool-secret")
                        .setPerms("0400")
                        // The default restarts the task when the variable changes or goes.
                        .setChangeMode("noop"));
    }

    /** An engine's keys are those that the drivers for Docker and Podman share. */
    private static Map<String, Object> config(PoolJob pool) {
        var config = new TreeMap<String, Object>(
                Map.of("command", pool.runner().python(), "args", arguments(pool.runner())));
        pool.engine().ifPresent(engine -> {
            config.put("image", engine.image());
            config.put("cap_drop", List.of("all"));
            config.put("security_opt", List.of("no-new-privileges"));
            config.put("pids_limit", engine.processes());
            if (engine.milliCpuMax() > 0) {
                config.put("cpu_hard_limit", true);
            }
            engine.network().ifPresent(mode -> config.put("network_mode", mode));
            if (!engine.tls() && engine.driver().equals("podman")) { // Docker's daemon is told, not its driver
                config.put("auth", Map.of("tls_verify", false));
            }
        });
        return config;
    }

    /** No artifact: that has one address, and the server behind it may be the one that is away. */
    private static List<String> arguments(PoolJob.Runner runner) {
        return Stream.concat(
                        // nothing of the node's own packages and settings: they cost time, and might be in the way
                        Stream.of("-I", "-S", "-c", START, runner.sha256()),
                        runner.artifacts().stream().map(URI::toString))
                .toList();
    }

    private static String read(String resource) {
        try (var in = RunnerJob.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Drivers know one limit of CPU, which is what is reserved: whoever asks for a limit reserves it. */
    private static int milliCpu(PoolJob pool) {
        int most = pool.engine().map(PoolJob.Engine::milliCpuMax).orElse(0);
        return Math.max(most, pool.resources().milliCpu());
    }

    private static Resources resources(PoolJob pool, NomadConfig settings) {
        var wanted = pool.resources();
        int mhz = Math.toIntExact(Math.max(1, Math.ceilDiv((long) milliCpu(pool) * settings.coreMhz(), 1000)));
        var resources = new Resources().setCpu(mhz).setMemoryMb(wanted.memoryMb() + RUNNER_MEMORY_MB);
        // Nomad ends what takes more than this, or more than is reserved where it does not allow oversubscription. The
        // function's own limit is the runner's to keep
        int most = wanted.memoryMaxMb() == 0 ? NO_LIMIT_MB : wanted.memoryMaxMb() + RUNNER_MEMORY_MB;
        if (most > resources.getMemoryMb()) {
            resources.addUnmappedProperty("MemoryMaxMB", most);
        }
        if (!wanted.devices().isEmpty()) { // an empty list would be another job than the one without it
            resources.setDevices(
                    wanted.devices().stream().map(RunnerJob::device).toList());
        }
        return resources;
    }

    private static RequestedDevice device(DeviceRequest wanted) {
        return new RequestedDevice()
                .setName(wanted.kind())
                .setCount(BigInteger.valueOf(wanted.count()))
                .setConstraints(wanted.needs().stream()
                        .map(need -> new Constraint()
                                .setLTarget(target(need))
                                .setOperand(need.operator())
                                .setRTarget(need.value()))
                        .toList())
                .setAffinities(wanted.prefers().stream()
                        .map(rather -> new Affinity()
                                .setLTarget(target(rather))
                                .setOperand(rather.operator())
                                .setRTarget(rather.value())
                                .setWeight(AFFINITY))
                        .toList());
    }

    /** What a device is, Nomad knows itself; all else the node's plugin has measured. */
    private static String target(Condition condition) {
        return switch (condition.attribute()) {
            case "model", "vendor", "type", "ids" -> "${device.%s}".formatted(condition.attribute());
            default -> "${device.attr.%s}".formatted(condition.attribute());
        };
    }

    /** Logs come on top: a job whose logs may fill its disk is refused. */
    private static int diskMb(PoolJob.Resources wanted) {
        return Math.max(LEAST_DISK_MB, wanted.diskMb() + LOGS_MB);
    }

    /** Keys with other characters do not reach the task's environment. */
    private static Map<String, String> meta(Map<String, String> labels) {
        var meta = new TreeMap<String, String>();
        labels.forEach((key, value) -> meta.put(key.replaceAll("[^A-Za-z0-9_]", "_"), value));
        return meta;
    }

    /** Sorted: the order in which Java meets maps and methods may change with each start of the server. */
    private static String canonical(Job job) {
        try {
            return SORTED.writeValueAsString(SORTED.readValue(NomadJson.serialize(job), Object.class));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("written by the SDK a moment ago", e);
        }
    }

    /** The secret is random, so that a digest with it tells nothing. */
    private static String digest(String content) {
        try {
            var bytes = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
