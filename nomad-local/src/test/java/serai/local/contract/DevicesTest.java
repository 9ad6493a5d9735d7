// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static serai.local.contract.Likeness.assertAlike;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import serai.local.Agent;
import serai.local.contract.Recording.Exchange;
import serai.local.doc.Json;

/** nomad-local with the devices of the node that was recorded. A real agent would need the stand-in plugin of that node. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DevicesTest {
    private static final Recording SCHEDULE = Recording.of("22-devices-schedule");
    private static final Recording EXHAUSTION = Recording.of("26-devices-exhaustion-no-preemption");
    private static final String H100 = "nvidia/gpu/NVIDIA H100 80GB HBM3";
    private static final String FIRST = "GPU-11111111-aaaa-4aaa-8aaa-000000000001";
    private static final String SECOND = "GPU-11111111-aaaa-4aaa-8aaa-000000000002";

    /** Which of two models a request without preference gets is not fixed in Nomad. */
    private static final Set<String> ANY_MODEL = Set.of("g-type", "g-vt", "g-drv", "g-fa");

    private final Set<String> jobs = new TreeSet<>();
    private Path declared;
    private Agent agent;
    private Nomad nomad;

    @BeforeAll
    void start(@TempDir Path data) throws IOException {
        declared = data.resolve("devices.json");
        declare(List.of());
        agent = Agent.start(new Agent.Settings(
                "127.0.0.1", 0, data.resolve("agent"), "test", "0.0.0-test", Optional.of("@" + declared)));
        nomad = new Nomad("http://127.0.0.1:" + agent.port());
    }

    @AfterAll
    void stop() throws IOException {
        agent.close();
    }

    @BeforeEach
    void allAreWell() {
        declare(List.of());
        awaitHealth(FIRST, true);
    }

    @AfterEach
    void purge() {
        jobs.forEach(job -> nomad.call("DELETE", "/v1/job/" + job, ""));
        jobs.forEach(job -> Nomad.await(() -> Json.each(nomad.get("/v1/job/" + job + "/allocations"))
                        .allMatch(a -> Set.of("complete", "failed")
                                .contains(a.path("ClientStatus").asText()))
                ? true
                : null));
        jobs.forEach(job -> nomad.call("DELETE", "/v1/job/" + job + "?purge=true", ""));
        jobs.clear();
    }

    /** The recorded node's devices, those with these ids out of order as well. */
    private void declare(List<String> ill) {
        var groups = Json.array();
        for (JsonNode recorded : SCHEDULE.get(0).answer().at("/NodeResources/Devices")) {
            var attributes = Json.object();
            recorded.path("Attributes")
                    .properties()
                    .forEach(a -> attributes.put(
                            a.getKey(),
                            serai.local.plan.Quantity.of(a.getValue()).text()));
            var instances = Json.array();
            for (JsonNode instance : recorded.path("Instances")) {
                String id = instance.path("ID").asText();
                var why = ill.contains(id)
                        ? "xid 79"
                        : instance.path("HealthDescription").asText();
                instances.add(Json.object("id", id, "unhealthy", why));
            }
            groups.add(Json.object(
                    "vendor", recorded.path("Vendor"),
                    "type", recorded.path("Type"),
                    "name", recorded.path("Name"),
                    "attributes", attributes,
                    "instances", instances));
        }
        try {
            Path next = Files.writeString(declared.resolveSibling("next"), groups.toString());
            Files.move(next, declared, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private JsonNode node() {
        return nomad.get("/v1/node/" + nomad.get("/v1/nodes").get(0).path("ID").asText());
    }

    private void awaitHealth(String id, boolean healthy) {
        Nomad.await(() -> IntStream.range(0, node().at("/NodeResources/Devices").size())
                        .mapToObj(i -> node().at("/NodeResources/Devices/" + i + "/Instances"))
                        .flatMap(Json::each)
                        .anyMatch(i -> i.path("ID").asText().equals(id)
                                && i.path("Healthy").asBoolean() == healthy)
                ? true
                : null);
    }

    @Test
    void givenDeclaredDevices_whenTheNodeIsRead_thenTheyAreThereAsRecorded() {
        assertAlike(SCHEDULE.get(0).answer().at("/NodeResources/Devices"), node().at("/NodeResources/Devices"));
    }

    static Stream<Exchange> registrations() {
        return Stream.of(SCHEDULE, EXHAUSTION)
                .flatMap(recording -> recording.exchanges().stream())
                .filter(e -> e.method().equals("POST") && e.status() == 200);
    }

    @ParameterizedTest
    @MethodSource("registrations")
    void givenARecordedRequest_whenRegistered_thenItGetsWhatItGotThere(Exchange registration) throws IOException {
        ObjectNode body = (ObjectNode) Json.MAPPER.readTree(registration.body());
        String id = body.at("/Job/ID").asText();
        jobs.add(id);
        String evaluation = nomad.post("/v1/jobs", body).path("EvalID").asText();
        JsonNode done = nomad.awaitEvaluation(evaluation);
        JsonNode recorded = answerTo(registration, "/v1/evaluation/");
        assertAlike(likeUnpreempted(recorded), done);
        if (recorded.has("FailedTGAllocs")) {
            JsonNode blocked =
                    nomad.get("/v1/evaluation/" + done.path("BlockedEval").asText());
            assertThat(blocked.path("Status").asText()).isEqualTo("blocked");
            assertAlike(done.path("FailedTGAllocs"), blocked.path("FailedTGAllocs"));
            return;
        }
        JsonNode given = nomad.get("/v1/allocation/"
                        + nomad.awaitAlloc(id, a -> true).path("ID").asText())
                .at("/AllocatedResources/Tasks/fn/Devices");
        if (ANY_MODEL.contains(id)) {
            assertThat(given.at("/0/DeviceIDs")).hasSize(1);
        } else {
            assertAlike(answerTo(registration, "/v1/allocation/").at("/AllocatedResources/Tasks/fn/Devices"), given);
        }
    }

    /** The first recording was made with preemption, whose second pass hides the cause. */
    private static JsonNode likeUnpreempted(JsonNode evaluation) throws IOException {
        return Json.MAPPER.readTree(evaluation.toString().replace("computed class ineligible", "missing devices"));
    }

    private static JsonNode answerTo(Exchange registration, String path) {
        var recording =
                registration.doc() == SCHEDULE.get(registration.number()).doc() ? SCHEDULE : EXHAUSTION;
        return recording.exchanges().stream()
                .filter(e -> e.number() > registration.number() && e.target().startsWith(path))
                .findFirst()
                .orElseThrow()
                .answer();
    }

    @Test
    void givenADeviceWithoutAName_whenRegistered_thenItIsRefusedInNomadsWords() {
        var refusal = SCHEDULE.exchanges().stream()
                .filter(e -> e.note().equals("empty device name"))
                .findFirst()
                .orElseThrow();
        var answer = nomad.call("POST", "/v1/jobs", refusal.body());
        assertThat(answer.status()).isEqualTo(refusal.status());
        assertThat(answer.text()).isEqualTo(refusal.answer().asText());
    }

    private String register(String id, String device, int count) {
        jobs.add(id);
        ObjectNode job = Nomad.job(
                id,
                1,
                "env | grep ^NVIDIA | sort; cat $NVIDIA_DEV_ROOT/proc/driver/nvidia/gpus/*/information; exec sleep 600");
        ((ObjectNode) job.at("/Job/TaskGroups/0/Tasks/0/Resources"))
                .set("Devices", Json.MAPPER.valueToTree(List.of(Json.object("Name", device, "Count", count))));
        return nomad.awaitEvaluation(nomad.post("/v1/jobs", job).path("EvalID").asText())
                .path("BlockedEval")
                .asText("");
    }

    private JsonNode running(String id) {
        JsonNode stub =
                nomad.awaitAlloc(id, a -> a.path("ClientStatus").asText().equals("running"));
        return nomad.get("/v1/allocation/" + stub.path("ID").asText());
    }

    private static List<String> devicesOf(JsonNode allocation) {
        return serai.local.plan.Devices.heldBy(allocation);
    }

    @Test
    void givenTwoDevices_whenATaskHasThem_thenItsEnvironmentNamesThem() {
        register("d-env", H100, 2);
        JsonNode allocation = running("d-env");
        String logs =
                "/v1/client/fs/logs/" + allocation.path("ID").asText() + "?task=fn&type=stdout&origin=start&plain=true";
        String said = Nomad.await(() -> {
            String text = nomad.call("GET", logs, "").text();
            return text.contains(SECOND + "\nDevice Minor") ? text : null;
        });
        assertThat(said).contains("NVIDIA_VISIBLE_DEVICES=" + FIRST + "," + SECOND + "\n");
        assertThat(said).contains("GPU UUID: \t " + FIRST + "\nDevice Minor: \t 0\n");
    }

    @Test
    void givenATakenDevice_whenItsHolderEnds_thenTheBlockedJobGetsIt() {
        register("d-holder", H100, 2);
        List<String> both = devicesOf(running("d-holder"));
        assertThat(both).containsExactly(FIRST, SECOND);
        String blocked = register("d-waiter", H100, 1);
        assertThat(nomad.get("/v1/evaluation/" + blocked).path("Status").asText())
                .isEqualTo("blocked");
        assertThat(nomad.get("/v1/job/d-waiter/allocations")).isEmpty();

        nomad.scale("d-holder", 0);

        assertThat(devicesOf(running("d-waiter"))).containsExactly(FIRST);
    }

    @Test
    void givenADeviceInUse_whenItTurnsUnhealthy_thenItsHolderGoesOnAndNobodyElseGetsIt() {
        register("d-user", H100, 1);
        JsonNode allocation = running("d-user");
        assertThat(devicesOf(allocation)).containsExactly(FIRST);

        declare(List.of(FIRST, SECOND));
        awaitHealth(FIRST, false);

        assertThat(running("d-user").path("ID")).isEqualTo(allocation.path("ID"));
        String blocked = register("d-late", H100, 1);
        assertThat(nomad.get("/v1/evaluation/" + blocked).path("Status").asText())
                .isEqualTo("blocked");

        declare(List.of(FIRST));

        assertThat(devicesOf(running("d-late")))
                .as("the one that is well again")
                .containsExactly(SECOND);
    }

    @Test
    void givenADeclarationThatCannotBeRead_whenTheAgentStarts_thenItSaysWhat(@TempDir Path data) {
        for (var wrong : List.of("H100", "0*nvidia/gpu/X", "nvidia/gpu/X[memory]", "[{\"type\":\"gpu\"}]", "[{")) {
            assertThat(org.assertj.core.api.Assertions.catchThrowableOfType(
                            IOException.class,
                            () -> Agent.start(new Agent.Settings("127.0.0.1", 0, data, "t", "0", Optional.of(wrong)))))
                    .as(wrong)
                    .hasMessageStartingWith("SERAI_LOCAL_DEVICES: devices: ");
        }
    }
}
