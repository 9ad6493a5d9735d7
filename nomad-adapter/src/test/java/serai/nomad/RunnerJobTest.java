// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static org.assertj.core.api.Assertions.assertThat;
import static serai.nomad.APool.aPool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hashicorp.nomad.javasdk.NomadJson;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.cluster.PoolJob;
import serai.cluster.PoolJob.Resources;
import serai.config.NomadConfig;

class RunnerJobTest {
    static final NomadConfig SETTINGS = NomadConfig.at(URI.create("http://127.0.0.1:4646"), Optional.empty());
    private static final NomadConfig EXEC =
            NomadConfig.at(URI.create("http://127.0.0.1:4646"), "exec", "usr=/usr:ro,serai-cache=/var/lib/serai/cache");

    static JsonNode rendered(APool pool) {
        return rendered(pool.job());
    }

    private static JsonNode rendered(PoolJob job) {
        return rendered(job, SETTINGS);
    }

    private static JsonNode rendered(PoolJob job, NomadConfig settings) {
        try {
            return new ObjectMapper().readTree(NomadJson.serialize(RunnerJob.of(job, settings)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode group(APool pool) {
        return rendered(pool).at("/TaskGroups/0");
    }

    static JsonNode task(APool pool) {
        return group(pool).at("/Tasks/0");
    }

    @Test
    void givenAPool_whenRendered_thenItIsAServiceJobOfItsNameWithoutContainers() {
        var pool = aPool();
        var job = rendered(pool);
        assertThat(job.path("ID").asText()).isEqualTo(pool.id().value());
        assertThat(job.path("Type").asText()).isEqualTo("service");
        assertThat(job.path("NodePool").asText()).isEqualTo("default");
        assertThat(job.at("/Datacenters/0").asText()).isEqualTo("*");
        assertThat(job.at("/TaskGroups/0/Count").asInt(-1)).isZero();
        assertThat(job.at("/TaskGroups/0/Scaling/Max").asInt()).isEqualTo(5);
    }

    /** As an operator reads it: a list of jobs shows names, and a job's page its meta. */
    @Test
    void givenAPool_whenRendered_thenNameAndMetaSayWhatRunsAndWhereToLook() {
        var job = rendered(aPool());
        assertThat(job.path("Name").asText()).isEqualTo("hello.square");
        assertThat(job.at("/Meta/app").asText()).isEqualTo("hello");
        assertThat(job.at("/Meta/function").asText()).isEqualTo("square");
        assertThat(job.at("/Meta/version").asText()).isEqualTo("de-1");
        assertThat(job.at("/Meta/environment").asText()).isEqualTo("main");
        assertThat(job.at("/Meta/workspace").asText()).isEqualTo("acme");
        assertThat(job.at("/Meta/serai_url").asText()).isEqualTo("http://127.0.0.1:8080/api/v1/functions/fu-1");
        assertThat(job.path("Meta").fieldNames())
                .toIterable()
                .allMatch(key -> key.matches("[A-Za-z0-9_]+"), "reaches a task's environment");
    }

    @Test
    void givenLabelsOfAnyKind_whenRendered_thenTheNameIsOneLineAndNeverEmpty() {
        var odd = aPool().labelled(Map.of("app", "line\none", "function", "f\u0000g"));
        assertThat(rendered(odd).path("Name").asText()).isEqualTo("line one.f g");
        var bare = aPool().labelled(Map.of("team.cost-centre", "7"));
        assertThat(rendered(bare).path("Name").asText()).isEqualTo(bare.id().value());
        assertThat(rendered(bare).at("/Meta/team_cost_centre").asText()).isEqualTo("7");
    }

    @Test
    void givenAPool_whenRendered_thenScalingNeverStartsADeployment() {
        assertThat(group(aPool()).at("/Update/MaxParallel").asInt(-1)).isZero();
    }

    @Test
    void givenAPool_whenRendered_thenAFailedContainerIsReplacedAndNotRestarted() {
        var group = group(aPool());
        assertThat(group.at("/RestartPolicy/Attempts").asInt(-1)).isZero();
        assertThat(group.at("/ReschedulePolicy/Unlimited").asBoolean()).isTrue();
        assertThat(group.at("/ReschedulePolicy/Delay").asLong()).isEqualTo(5_000_000_000L);
    }

    private static List<String> words(JsonNode all, int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> all.path(i).asText()).toList();
    }

    @Test
    void givenAPool_whenRendered_thenTheRunnerIsFetchedAndChecked() {
        var task = task(aPool());
        assertThat(task.at("/Config/command").asText()).isEqualTo("python3");
        assertThat(words(task.at("/Config/args"), 0, 3)).containsExactly("-I", "-S", "-c");
        assertThat(task.at("/Config/args/3").asText())
                .contains("sha256")
                .doesNotContain("${"); // Nomad would fill it in
        assertThat(words(task.at("/Config/args"), 4, 6))
                .containsExactly("ab".repeat(32), "http://127.0.0.1:8080/internal/v1/runner.pyz");
        assertThat(task.path("KillSignal").asText()).isEqualTo("SIGINT");
        assertThat(task.path("KillTimeout").asLong()).isEqualTo(10_000_000_000L);
    }

    @Test
    void givenAnEngine_whenRendered_thenItsDriverRunsTheImageWithoutRights() {
        var image = "registry.example/serai@sha256:" + "ab".repeat(32);
        var task = rendered(aPool().job(new PoolJob.Engine("podman", image, Optional.of("host"), false, 4096, 0)))
                .at("/TaskGroups/0/Tasks/0");
        assertThat(task.path("Driver").asText()).isEqualTo("podman");
        assertThat(task.at("/Config/image").asText()).isEqualTo(image);
        assertThat(task.at("/Config/command").asText()).isEqualTo("python3");
        assertThat(task.at("/Config/cap_drop/0").asText()).isEqualTo("all");
        assertThat(task.at("/Config/security_opt/0").asText()).isEqualTo("no-new-privileges");
        assertThat(task.at("/Config/pids_limit").asInt()).isEqualTo(4096);
        assertThat(task.at("/Config/network_mode").asText()).isEqualTo("host");
        assertThat(task.at("/Config/auth/tls_verify").asBoolean(true)).isFalse();

        var docker = rendered(aPool().job(new PoolJob.Engine("docker", image, Optional.empty(), false, 4096, 0)))
                .at("/TaskGroups/0/Tasks/0/Config");
        assertThat(docker.has("auth"))
                .as("a key that Docker's driver does not know")
                .isFalse();
        assertThat(docker.has("network_mode")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"podman", "docker"})
    void givenAnEngineAndACpuLimit_whenRendered_thenTheLimitIsReservedAndHard(String driver) {
        var image = "registry.example/serai@sha256:" + "ab".repeat(32);
        var free = rendered(aPool().job(new PoolJob.Engine(driver, image, Optional.empty(), true, 4096, 0)))
                .at("/TaskGroups/0/Tasks/0");
        assertThat(free.at("/Config").has("cpu_hard_limit")).isFalse();
        assertThat(free.at("/Resources/CPU").asInt()).isEqualTo(100);

        var limited = rendered(aPool().job(new PoolJob.Engine(driver, image, Optional.empty(), true, 4096, 1500)))
                .at("/TaskGroups/0/Tasks/0");
        assertThat(limited.at("/Config/cpu_hard_limit").asBoolean()).isTrue();
        assertThat(limited.at("/Resources/CPU").asInt()).isEqualTo(1500);
    }

    @Test
    void givenTheDriverExec_whenRendered_thenTheRunnerBecomesRootAndAsksForNamespaces() {
        var task = rendered(aPool().job(), EXEC).at("/TaskGroups/0/Tasks/0");
        assertThat(task.path("Driver").asText()).isEqualTo("exec");
        assertThat(task.hasNonNull("User"))
                .as("nobody, who becomes root with few capabilities")
                .isFalse();
        assertThat(task.at("/Config/command").asText()).isEqualTo("/usr/bin/setpriv");
        assertThat(words(task.at("/Config/args"), 0, 2)).containsExactly("--reuid=0", "--regid=0");
        assertThat(words(task.at("/Config/args"), 6, 11)).containsExactly("--", "python3", "-I", "-S", "-c");
        assertThat(words(task.at("/Config/cap_add"), 0, 2)).containsExactly("sys_admin", "sys_ptrace");
        assertThat(task.at("/Env/SERAI_CHROOT").asText()).isEqualTo("1");
        assertThat(task(aPool()).at("/Env").has("SERAI_CHROOT")).isFalse();
        assertThat(task(aPool()).at("/Config").has("cap_add")).isFalse();
    }

    @Test
    void givenHostVolumes_whenRendered_thenTheRunnersTaskHasThemButAnEnginesContainerDoesNot() {
        var group = rendered(aPool().job(), EXEC).at("/TaskGroups/0");
        assertThat(group.at("/Volumes/usr/Type").asText()).isEqualTo("host");
        assertThat(group.at("/Volumes/usr/Source").asText()).isEqualTo("usr");
        assertThat(group.at("/Volumes/usr/ReadOnly").asBoolean()).isTrue();
        assertThat(group.at("/Tasks/0/VolumeMounts/1/Volume").asText()).isEqualTo("serai-cache");
        assertThat(group.at("/Tasks/0/VolumeMounts/1/Destination").asText()).isEqualTo("/var/lib/serai/cache");
        assertThat(group.at("/Tasks/0/VolumeMounts/1/ReadOnly").asBoolean(true)).isFalse();

        var engine = new PoolJob.Engine("docker", "registry.example/serai", Optional.empty(), true, 4096, 0);
        var engines = rendered(aPool().job(engine), EXEC).at("/TaskGroups/0");
        assertThat(engines.hasNonNull("Volumes")).isFalse();
        assertThat(engines.at("/Tasks/0").hasNonNull("VolumeMounts")).isFalse();
        assertThat(engines.at("/Tasks/0/Env").has("SERAI_CHROOT")).isFalse();
    }

    @Test
    void givenASecret_whenRendered_thenTheJobOnlySaysWhereItIs() {
        var pool = aPool().knowing("hunter2");
        assertThat(rendered(pool).toString()).doesNotContain("hunter2");
        assertThat(task(pool).at("/Templates/0/EmbeddedTmpl").asText())
                .isEqualTo("{{ with nomadVar \"nomad/jobs/" + pool.id() + "\" }}{{ .secret }}{{ end }}");
        assertThat(task(pool).at("/Templates/0/ChangeMode").asText()).isEqualTo("noop");
    }

    @Test
    void givenCores_whenRendered_thenTheyBecomeMegahertz() {
        var resources = task(aPool().needing(new Resources(1500, 256, 512, 0))).path("Resources");
        assertThat(resources.path("CPU").asInt()).isEqualTo(1500);
        assertThat(resources.path("MemoryMB").asInt()).isEqualTo(256 + 48);
        assertThat(resources.path("MemoryMaxMB").asInt()).isEqualTo(512 + 48);
    }

    /** As recordings 22 of a real Nomad have it: a bare number would match no attribute that has a unit. */
    @Test
    void givenDevices_whenRendered_thenTheirAttributesAreComparedWithUnits() {
        var pool = aPool().needing(new Resources(100, 32, 0, 10, List.of(ClusterContract.GPU)));
        var device = task(pool).at("/Resources/Devices/0");
        assertThat(device.path("Name").asText()).isEqualTo("nvidia/gpu");
        assertThat(device.path("Count").asInt()).isEqualTo(2);
        assertThat(words(device.at("/Constraints/0"))).isEqualTo("${device.model} regexp H100");
        assertThat(words(device.at("/Constraints/1"))).isEqualTo("${device.attr.memory} >= 70 GiB");
        assertThat(words(device.at("/Affinities/0"))).isEqualTo("${device.attr.memory} < 90 GiB");
        assertThat(device.at("/Affinities/0/Weight").asInt()).isPositive();
        assertThat(task(aPool()).at("/Resources/Devices").isMissingNode()
                        || task(aPool()).at("/Resources/Devices").isNull())
                .isTrue();
    }

    private static String words(JsonNode condition) {
        return "%s %s %s"
                .formatted(
                        condition.path("LTarget").asText(),
                        condition.path("Operand").asText(),
                        condition.path("RTarget").asText());
    }

    @Test
    void givenTheSameDeclaration_whenRenderedAgain_thenTheContentIsTheSame() {
        var pool = aPool();
        assertThat(content(pool)).isEqualTo(content(pool));
    }

    @Test
    void givenAnotherSecretOrSize_whenRendered_thenTheContentIsAnother() {
        var pool = aPool();
        assertThat(content(pool)).isNotEqualTo(content(pool.knowing("another")));
        assertThat(content(pool)).isNotEqualTo(content(pool.needing(new Resources(100, 64, 0, 10))));
    }

    /** Whoever has to change this value makes an upgraded server replace the containers of every pool it declares again. */
    @Test
    void givenAnotherServer_whenRendered_thenTheContentIsTheSame() {
        var pool = aPool().called("po-0123456789abcdefghij").labelled(Map.of("app", "hello", "function", "square"));
        assertThat(content(pool)).isEqualTo("9b28e9e21960df2c14fefcf82a47d872a299afb6bae72ebf9ceb2afbffc1f047");
    }

    static String content(APool pool) {
        return rendered(pool).at("/Meta/" + RunnerJob.CONTENT).asText();
    }

    @Property(tries = 200)
    void whateverIsAskedFor_theJobKeepsNomadsRules(
            @ForAll @IntRange(min = 1, max = 256_000) int milliCpu,
            @ForAll @IntRange(min = 0, max = 1_000_000) int memory,
            @ForAll @IntRange(min = 0, max = 1_000_000) int memoryMax,
            @ForAll @IntRange(min = 0, max = 1_000_000) int disk) {
        var pool = aPool().needing(new Resources(milliCpu, memory, memoryMax, disk));
        var resources = task(pool).path("Resources");
        assertThat(resources.path("CPU").asInt()).isPositive();
        assertThat(resources.path("MemoryMB").asInt()).isGreaterThanOrEqualTo(10);
        assertThat(resources.path("MemoryMaxMB").asInt(Integer.MAX_VALUE))
                .isGreaterThan(resources.path("MemoryMB").asInt());
        var logs = task(pool).path("LogConfig");
        assertThat(group(pool).at("/EphemeralDisk/SizeMB").asInt())
                .isGreaterThan(logs.path("MaxFiles").asInt()
                        * logs.path("MaxFileSizeMB").asInt());
    }
}
