// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import serai.local.Agent;
import serai.local.ForkedAgent;
import serai.local.doc.Json;

/** Jobs whose tasks are containers, with the podman of this machine. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@EnabledIf(value = "isRoot", disabledReason = "limits and bridges of containers are for root")
class PodmanTest {
    private static final long SECOND = 1_000_000_000L;
    private static final String TICKING =
            "trap 'echo got-term; exit 0' TERM; i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done";

    private static TestImage image;
    private static Path containers;
    private static Agent agent;
    private static Nomad nomad;

    @BeforeAll
    static void start(@TempDir Path files, @TempDir Path data) throws Exception {
        image = TestImage.make(files);
        containers = data.resolve("containers");
        agent = Agent.start(
                new Agent.Settings("127.0.0.1", 0, data, "test", "0.0.0-test", Optional.empty(), Optional.of("auto")));
        nomad = new Nomad("http://127.0.0.1:" + agent.port());
    }

    @AfterAll
    static void stop() throws Exception {
        try {
            agent.close();
            assertThat(containers).isEmptyDirectory();
        } finally {
            image.close();
        }
    }

    static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static ObjectNode remote(String reference, String password, String script) {
        Map<String, Object> auth = Map.of("username", TestImage.USER, "password", password, "tls_verify", false);
        ObjectNode config = script(script, "auth", auth);
        return config.put("image", reference);
    }

    private static ObjectNode script(String script, Object... config) {
        ObjectNode all = Json.object("image", image.name(), "command", "sh", "args", List.of("-c", script));
        all.setAll(Json.object(config));
        return all;
    }

    private static ObjectNode service(String id, ObjectNode config, Object... task) {
        ObjectNode job = Nomad.job(id, 1, "", task);
        ObjectNode fn = (ObjectNode) job.at("/Job/TaskGroups/0/Tasks/0");
        fn.put("Driver", "podman");
        fn.set("Config", config);
        return job;
    }

    private static ObjectNode batch(String id, ObjectNode config, Object... task) {
        ObjectNode job = service(id, config, task);
        ((ObjectNode) job.get("Job")).put("Type", "batch");
        return job;
    }

    private static JsonNode awaitStatus(Nomad nomad, String job, String status) {
        return nomad.awaitAlloc(job, a -> a.path("ClientStatus").asText().equals(status));
    }

    private static JsonNode awaitLog(Nomad nomad, String job, String text) {
        return nomad.awaitAlloc(
                job, a -> log(nomad, a.path("ID").asText(), "stdout").contains(text));
    }

    private static String log(Nomad nomad, String alloc, String stream) {
        return nomad.call("GET", "/v1/client/fs/logs/" + alloc + "?task=fn&type=" + stream + "&plain=true", "")
                .text();
    }

    private static String output(JsonNode alloc) {
        return log(nomad, alloc.path("ID").asText(), "stdout");
    }

    private static List<String> messages(JsonNode alloc) {
        return Json.each(alloc.at("/TaskStates/fn/Events"))
                .map(e -> e.path("Type").asText() + ": "
                        + e.path("DisplayMessage").asText())
                .toList();
    }

    private static boolean isThere(JsonNode alloc) throws IOException, InterruptedException {
        return TestImage.podman("container", "exists", "fn-" + alloc.path("ID").asText())
                .ok();
    }

    @Test
    void whereContainersRun_theNodeSaysSo() {
        JsonNode node = Nomad.await(() -> {
            String id = nomad.get("/v1/nodes").at("/0/ID").asText();
            JsonNode seen = nomad.get("/v1/node/" + id);
            return seen.at("/Drivers/podman").isObject() ? seen : null;
        });
        assertThat(node.at("/Drivers/podman/HealthDescription").asText())
                .isEqualTo("All Podman sockets are responding.");
        assertThat(node.at("/Drivers/podman/Healthy").asBoolean()).isTrue();
        assertThat(node.at("/Drivers/podman/Detected").asBoolean()).isTrue();
        assertThat(node.at("/Drivers/podman/Attributes/driver.podman").asText()).isEqualTo("true");
        assertThat(node.at("/Attributes/driver.podman").asText()).isEqualTo("1");
        assertThat(node.at("/Attributes/driver.podman.version").asText()).matches("[0-9]+\\.[0-9].*");
    }

    @Test
    void aContainerFindsWhatTheJobGivesIt_andItsOutputIsInTheLogs() {
        String script = "echo $NOMAD_ALLOC_DIR $NOMAD_TASK_DIR $NOMAD_SECRETS_DIR; cat /secrets/key; cat /extra/note;"
                + " echo \"$LINES_OF\"; echo $HOME_OF_AGENT; echo written > /alloc/data/note; echo oops >&2;"
                + " touch /etc/x 2>/dev/null || echo read-only; touch /tmp/x && echo writable; id -u; ls /sys/class/net; hostname";
        ObjectNode config = script(
                script,
                "readonly_rootfs",
                true,
                "tmpfs",
                List.of("/tmp"),
                "volumes",
                List.of("local/notes:/extra:ro"),
                "network_mode",
                "none",
                "hostname",
                "box-${NOMAD_ALLOC_INDEX}",
                "cap_drop",
                List.of("ALL"),
                "security_opt",
                List.of("no-new-privileges"),
                "ulimit",
                List.of(Map.of("nofile", "512:512")),
                "labels",
                List.of(Map.of("of", "a test")));
        nomad.post(
                "/v1/jobs",
                batch(
                        "given",
                        config,
                        "Env",
                        Map.of("LINES_OF", "one\ntwo", "HOME_OF_AGENT", "[${HOME}]"),
                        "Templates",
                        List.of(
                                Map.of("DestPath", "${NOMAD_SECRETS_DIR}/key", "EmbeddedTmpl", "k3y\n"),
                                Map.of(
                                        "DestPath",
                                        "local/notes/note",
                                        "EmbeddedTmpl",
                                        "in {{ env \"NOMAD_TASK_DIR\" }}\n"))));
        JsonNode done = awaitStatus(nomad, "given", "complete");

        assertThat(output(done).lines())
                .containsExactly(
                        "/alloc /local /secrets",
                        "k3y",
                        "in /local",
                        "one",
                        "two",
                        "[${HOME}]",
                        "read-only",
                        "writable",
                        "0",
                        "lo",
                        "box-0");
        assertThat(log(nomad, done.path("ID").asText(), "stderr")).isEqualTo("oops\n");
        assertThat(nomad.call("GET", "/v1/client/fs/cat/" + done.path("ID").asText() + "?path=alloc/data/note", "")
                        .text())
                .isEqualTo("written\n");
        assertThat(messages(done)).contains("Started: Task started by client", "Terminated: Exit Code: 0");
    }

    @Test
    void aContainerReachesTheMachineThroughTheHostsNetwork_andHasAnInterfaceOfItsOwnByDefault() {
        nomad.post(
                "/v1/jobs",
                batch(
                        "hosted",
                        script(
                                "wget -q -O - http://127.0.0.1:" + agent.port() + "/v1/regions",
                                "network_mode",
                                "host")));
        nomad.post("/v1/jobs", batch("bridged", script("ls /sys/class/net")));

        assertThat(output(awaitStatus(nomad, "hosted", "complete"))).contains("global");
        assertThat(output(awaitStatus(nomad, "bridged", "complete")).lines()).containsExactlyInAnyOrder("lo", "eth0");
    }

    @Test
    void anExitStatusIsReported_theContainerIsStartedAgainAsThePolicySays_andThenNothingOfItIsLeft() throws Exception {
        ObjectNode job = service("exits", script("echo run; exit 130"));
        ((ObjectNode) job.at("/Job/TaskGroups/0/RestartPolicy")).put("Attempts", 1);
        nomad.post("/v1/jobs", job);
        JsonNode failed = awaitStatus(nomad, "exits", "failed");

        assertThat(output(failed)).isEqualTo("run\nrun\n");
        assertThat(failed.at("/TaskStates/fn/Restarts").asInt()).isEqualTo(1);
        assertThat(messages(failed)).contains("Terminated: Exit Code: 130");
        assertThat(isThere(failed)).isFalse();
    }

    @Test
    void aContainerThatNeedsMoreMemoryThanItHas_endsAsOutOfMemory() {
        nomad.post(
                "/v1/jobs",
                service("greedy", script("a=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; while true; do a=$a$a; done")));
        JsonNode failed = awaitStatus(nomad, "greedy", "failed");

        JsonNode end = Json.each(failed.at("/TaskStates/fn/Events"))
                .filter(e -> e.path("Type").asText().equals("Terminated"))
                .findFirst()
                .orElseThrow();
        assertThat(end.at("/Details/oom_killed").asText()).isEqualTo("true");
        assertThat(end.path("DisplayMessage").asText())
                .isEqualTo("Exit Code: 137, Exit Message: \"Podman container killed by OOM killer\"");
    }

    /** It ends only if it was throttled. */
    @Test
    void aContainerWithAHardCpuLimit_hasItsPartOfTheMachineAndNoMore() {
        String script = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null;"
                + " until grep -q 'nr_throttled [1-9]' /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null;"
                + " do :; done; echo throttled";
        nomad.post("/v1/jobs", batch("limited", script(script, "cpu_hard_limit", true)));

        assertThat(output(awaitStatus(nomad, "limited", "complete"))).matches("[1-9][0-9]*( 100000)?\nthrottled\n");
    }

    @Test
    void aSignalReachesTheContainer_andOneThatIsStoppedEndsPolitely() throws Exception {
        nomad.post("/v1/jobs", service("polite", script("trap 'echo got-usr1' USR1; " + TICKING)));
        JsonNode alloc = awaitLog(nomad, "polite", "tick 2\n");
        nomad.post(
                "/v1/client/allocation/" + alloc.path("ID").asText() + "/signal",
                Json.object("Signal", "SIGUSR1", "Task", "fn"));
        awaitLog(nomad, "polite", "got-usr1\n");
        JsonNode usage = nomad.get("/v1/client/allocation/" + alloc.path("ID").asText() + "/stats");
        assertThat(usage.at("/ResourceUsage/MemoryStats/RSS").asLong()).isPositive();
        nomad.scale("polite", 0);
        JsonNode done = awaitStatus(nomad, "polite", "complete");

        assertThat(output(done)).endsWith("got-term\n");
        assertThat(messages(done)).contains("Terminated: Exit Code: 0", "Killed: Task successfully killed");
        assertThat(isThere(done)).isFalse();
    }

    @Test
    void aContainerThatIgnoresItsSignal_isGoneAfterTheKillTimeout() throws Exception {
        nomad.post(
                "/v1/jobs",
                service(
                        "stubborn",
                        script("trap '' TERM; echo up; while true; do sleep 0.1; done"),
                        "KillTimeout",
                        SECOND));
        JsonNode alloc = awaitLog(nomad, "stubborn", "up\n");
        assertThat(isThere(alloc)).isTrue();
        nomad.scale("stubborn", 0);
        JsonNode done = awaitStatus(nomad, "stubborn", "complete");

        assertThat(messages(done)).contains("Terminated: Exit Code: 137");
        assertThat(isThere(done)).isFalse();
    }

    @Test
    void anImageThatIsNotThere_isFetchedByItsDigest_withTheRightPasswordOnly() throws Exception {
        assertThat(TestImage.podman("image", "exists", image.remote()).ok()).isFalse();
        nomad.post("/v1/jobs", service("unnamed", remote(image.remote(), "wrong", "")));
        assertThat(messages(awaitStatus(nomad, "unnamed", "failed")))
                .anyMatch(m -> m.startsWith("Driver Failure: ") && m.contains(image.remote()) && m.contains("auth"));
        nomad.post("/v1/jobs", batch("fetched", remote(image.remote(), TestImage.PASSWORD, "echo fetched")));
        JsonNode done = awaitStatus(nomad, "fetched", "complete");

        assertThat(output(done)).isEqualTo("fetched\n");
        assertThat(messages(done)).contains("Driver: Pulling image " + image.remote());
    }

    @Test
    void anImageThatNobodyHas_isADriverFailureThatNamesIt() throws Exception {
        String nobodys = image.remote().replaceFirst("@.*", "-nobodys:1");
        nomad.post("/v1/jobs", service("missing", remote(nobodys, TestImage.PASSWORD, "")));
        JsonNode failed = awaitStatus(nomad, "missing", "failed");

        assertThat(messages(failed))
                .anyMatch(m -> m.startsWith("Driver Failure: ")
                        && m.contains("unable to pull image " + nobodys)
                        && m.contains("manifest unknown"));
        assertThat(isThere(failed)).isFalse();
    }

    @Test
    void aTaskThatIsStoppedWhileItsImageIsFetched_endsAtOnce() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            String reference = "127.0.0.1:" + silent.getLocalPort() + "/box:1";
            nomad.post("/v1/jobs", service("waits", remote(reference, "", "")));
            nomad.awaitAlloc("waits", a -> messages(a).contains("Driver: Pulling image " + reference));
            nomad.scale("waits", 0);
            JsonNode done = awaitStatus(nomad, "waits", "complete");

            assertThat(containers.resolve("fn-" + done.path("ID").asText())).doesNotExist();
        }
    }

    @Test
    void aCommandThatTheImageDoesNotHave_isADriverFailureThatNamesIt() throws Exception {
        ObjectNode config = script("");
        config.put("command", "no-such-command");
        nomad.post("/v1/jobs", service("nothing", config));
        JsonNode failed = awaitStatus(nomad, "nothing", "failed");

        assertThat(messages(failed))
                .anyMatch(m -> m.startsWith("Driver Failure: ") && m.contains("no-such-command"))
                .noneMatch(m -> m.startsWith("Started"));
        assertThat(isThere(failed)).isFalse();
    }

    @Test
    void aKeyThatIsNotKnown_isAFailedValidation() {
        nomad.post("/v1/jobs", service("unknown", script("", "colour", "red")));

        assertThat(messages(awaitStatus(nomad, "unknown", "failed")))
                .anyMatch(m -> m.startsWith("Failed Validation: ") && m.contains("\"colour\""));
    }

    @Test
    void whereContainersAreTurnedOff_aJobForThemFindsNoPlaceForMissingDrivers(@TempDir Path data) throws IOException {
        try (Agent without = Agent.start(new Agent.Settings("127.0.0.1", 0, data, "without", "0.0.0-test"))) {
            Nomad other = new Nomad("http://127.0.0.1:" + without.port());
            JsonNode answer = other.post("/v1/jobs", service("nowhere", script("")));
            JsonNode evaluation = other.awaitEvaluation(answer.path("EvalID").asText());

            assertThat(evaluation
                            .at("/FailedTGAllocs/pool/ConstraintFiltered/missing drivers")
                            .asInt())
                    .isEqualTo(1);
        }
    }

    @Test
    void whenTheAgentIsKilled_itsContainersGoOn_andTheNextAgentFindsThem(@TempDir Path data) throws Exception {
        ForkedAgent first = ForkedAgent.start(data, Map.of("SERAI_LOCAL_PODMAN", "auto"));
        Nomad before = new Nomad(first.address());
        before.post("/v1/jobs", service("keep", script(TICKING)));
        before.post(
                "/v1/jobs",
                service("ends", script("echo up; until [ -e /alloc/data/end ]; do sleep 0.1; done; exit 7")));
        before.post("/v1/jobs", service("stray", script("trap '' TERM; " + TICKING), "KillTimeout", 20 * SECOND));
        JsonNode keep = awaitLog(before, "keep", "tick 1\n");
        JsonNode ends = awaitLog(before, "ends", "up\n");
        JsonNode stray = awaitLog(before, "stray", "tick 1\n");
        before.call("DELETE", "/v1/job/stray?purge=true", "");
        first.kill();
        assertThat(isThere(keep)).isTrue();
        assertThat(isThere(stray)).isTrue();
        Files.createFile(data.resolve("alloc").resolve(ends.path("ID").asText()).resolve("alloc/data/end"));

        try (ForkedAgent second = ForkedAgent.start(data, Map.of("SERAI_LOCAL_PODMAN", "auto"))) {
            Nomad after = new Nomad(second.address());
            assertThat(messages(awaitStatus(after, "ends", "failed"))).contains("Terminated: Exit Code: 7");
            String alloc = keep.path("ID").asText();
            int seen = log(after, alloc, "stdout").length();
            Nomad.await(() -> log(after, alloc, "stdout").length() > seen ? true : null);
            assertThat(log(after, alloc, "stdout")).startsWith("tick 1\ntick 2\n");
            assertThat(after.get("/v1/allocation/" + alloc)
                            .at("/TaskStates/fn/Restarts")
                            .asInt())
                    .isZero();
            Nomad.await(() -> isThere(stray) || isThere(ends) ? null : true);
            after.scale("keep", 0);
            assertThat(log(
                            after,
                            awaitStatus(after, "keep", "complete").path("ID").asText(),
                            "stdout"))
                    .endsWith("got-term\n");
            assertThat(isThere(keep)).isFalse();
        }
    }
}
