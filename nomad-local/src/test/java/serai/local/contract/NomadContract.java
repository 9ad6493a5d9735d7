// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static serai.local.contract.Likeness.assertAlike;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import serai.local.contract.Nomad.Answer;
import serai.local.contract.Recording.Exchange;
import serai.local.doc.Json;

/** What the platform relies on. Each test uses jobs of its own and removes them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class NomadContract {
    private static final String IDLE =
            "trap 'echo got-term; exit 0' TERM; trap 'echo got-int; exit 0' INT; echo started; while true; do sleep 0.05; done";
    private static final Set<Integer> NOT_REPLAYED = Set.of(7, 8, 9, 10, 38, 39, 43, 44);
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final List<String> jobs = new ArrayList<>();

    abstract Nomad nomad();

    @AfterEach
    void removeJobs() {
        jobs.forEach(job -> nomad().call(
                        "DELETE", "/v1/job/" + URLEncoder.encode(job, StandardCharsets.UTF_8) + "?purge=true", ""));
        jobs.clear();
    }

    private String newJob() {
        String id = "ct-%s-%d".formatted(Long.toString(System.nanoTime(), 36), NUMBER.incrementAndGet());
        jobs.add(id);
        return id;
    }

    /** Sends a recorded request, with another name for its job. */
    private Answer replay(Exchange exchange, String recordedId, String id) {
        return nomad().call(
                        exchange.method(),
                        exchange.target().replace(recordedId, id),
                        exchange.body().replace(recordedId, id));
    }

    private static JsonNode renamed(JsonNode recorded, String recordedId, String id) {
        try {
            return Json.MAPPER.readTree(recorded.toString().replace(recordedId, id));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // ---- registration

    @Test
    void givenAJobOfCountZero_whenItIsRegistered_thenItReadsBackWithNomadsDefaults() {
        Recording recording = Recording.of("01-register-count0");
        String id = newJob();
        assertAlike(
                renamed(recording.get(0).answer(), "fn-zero", id),
                replay(recording.get(0), "fn-zero", id).json());
        Answer registered = replay(recording.get(1), "fn-zero", id);
        assertThat(registered.index()).isPositive();
        assertAlike(renamed(recording.get(1).answer(), "fn-zero", id), registered.json());
        nomad().awaitEvaluation(registered.json().path("EvalID").asText());

        assertAlike(renamed(recording.get(4).answer(), "fn-zero", id), nomad().get("/v1/job/" + id));
        assertAlike(recording.get(5).answer(), nomad().get("/v1/job/" + id + "/allocations"));
        assertAlike(recording.get(6).answer(), nomad().get("/v1/job/" + id + "/deployments"));
        assertAlike(renamed(recording.get(7).answer(), "fn-zero", id), nomad().get("/v1/job/" + id + "/summary"));
    }

    @Test
    void givenARegisteredJob_whenItIsRegisteredAgain_thenTheFirstTimeMakesAVersionAndTheSecondDoesNot() {
        String id = newJob();
        JsonNode job = Nomad.job(id, 0, IDLE);
        nomad().post("/v1/jobs", job);
        nomad().post("/v1/jobs", job);
        JsonNode second = nomad().get("/v1/job/" + id);
        nomad().post("/v1/jobs", job);
        JsonNode third = nomad().get("/v1/job/" + id);
        assertThat(second.path("Version").asInt()).isEqualTo(1);
        assertThat(third.path("Version").asInt()).isEqualTo(1);
        assertThat(third.path("JobModifyIndex")).isEqualTo(second.path("JobModifyIndex"));
    }

    @Test
    void givenFieldsNobodyKnowsAndKeysInLowerCase_whenRegistered_thenTheJobIsAccepted() {
        String id = newJob();
        ObjectNode job = Nomad.job(id, 0, IDLE);
        ObjectNode lower = Json.object("job", job.get("Job"), "surprise", 1);
        nomad().post("/v1/jobs", lower);
        assertThat(nomad().get("/v1/job/" + id).path("ID").asText()).isEqualTo(id);
    }

    static Stream<Exchange> refusals() {
        return Recording.of("21-errors").exchanges().stream()
                .filter(e -> e.status() >= 400 && e.number() < 33 && !NOT_REPLAYED.contains(e.number()));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void givenABadJob_whenItIsRegistered_thenStatusAndTextAreNomads(Exchange exchange) {
        Answer answer = nomad().call(exchange.method(), exchange.target(), exchange.body());
        assertThat(answer.text()).isEqualTo(exchange.answer().asText());
        assertThat(answer.status()).isEqualTo(exchange.status());
        assertThat(answer.response().headers().firstValue("Content-Type")).hasValue("text/plain; charset=utf-8");
    }

    @Test
    void givenAnEnforcedIndex_whenItIsNotTheJobs_thenTheRegistrationIsRefused() {
        String id = newJob();
        ObjectNode job = Nomad.job(id, 0, IDLE);
        assertThat(enforced(job, 0).status()).isEqualTo(200);
        assertThat(enforced(job, 0).text()).isEqualTo("Enforcing job modify index 0: job already exists");
        Answer stale = enforced(job, 1);
        assertThat(stale.status()).isEqualTo(500);
        long index = nomad().get("/v1/job/" + id).path("JobModifyIndex").asLong();
        assertThat(stale.text())
                .isEqualTo("Enforcing job modify index 1: job exists with conflicting job modify index: " + index);
        assertThat(enforced(job, index).status()).isEqualTo(200);
        assertThat(enforced(Nomad.job(newJob(), 0, IDLE), 55).text())
                .isEqualTo("Enforcing job modify index 55: job does not exist");
    }

    private Answer enforced(ObjectNode job, long index) {
        return nomad().call(
                        "POST",
                        "/v1/jobs",
                        Json.with(job, "EnforceIndex", true, "JobModifyIndex", index)
                                .toString());
    }

    @Test
    void givenCountsOutsideTheScalingBounds_whenRegistered_thenTextsAreNomads() {
        Recording recording = Recording.of("06-register-bounds-preservecounts");
        for (int number : new int[] {0, 1, 2}) {
            Answer answer = replay(recording.get(number), "fn-b", newJob());
            assertThat(answer.text()).isEqualTo(recording.get(number).answer().asText());
            assertThat(answer.status()).isEqualTo(500);
        }
    }

    @Test
    void givenAScaledJob_whenRegisteredAgain_thenOnlyPreserveCountsKeepsTheCount() {
        String id = newJob();
        ObjectNode job = Nomad.job(id, 0, IDLE);
        nomad().post("/v1/jobs", job);
        nomad().scale(id, 2);
        nomad().post("/v1/jobs", Json.with(job, "PreserveCounts", true));
        assertThat(desired(id)).isEqualTo(2);
        nomad().post("/v1/jobs", job);
        assertThat(desired(id)).isZero();
    }

    private int desired(String job) {
        return nomad().get("/v1/job/" + job + "/scale")
                .at("/TaskGroups/pool/Desired")
                .asInt();
    }

    // ---- scaling

    @Test
    void givenAJobWithBounds_whenScaledWrongly_thenStatusAndTextAreNomads() {
        Recording recording = Recording.of("05-scale");
        String id = newJob();
        replay(recording.get(0), "fn-scale", id);
        assertAlike(renamed(recording.get(1).answer(), "fn-scale", id), nomad().get("/v1/job/" + id + "/scale"));
        for (int number : new int[] {16, 17, 18, 19, 21, 22, 23, 24, 25}) {
            Exchange exchange = recording.get(number);
            Answer answer = replay(exchange, "fn-scale", id);
            assertThat(answer.text())
                    .as(exchange.toString())
                    .isEqualTo(exchange.answer().asText());
            assertThat(answer.status()).as(exchange.toString()).isEqualTo(exchange.status());
        }
        assertThat(replay(recording.get(26), "fn-scale", id).status()).isEqualTo(500);
        assertAlike(
                recording.get(20).answer(),
                replay(recording.get(20), "fn-scale", id).json());
    }

    @Test
    void givenMaxParallelZero_whenScaledAgainAtOnce_thenNothingStandsInTheWay() {
        Recording recording = Recording.of("05-scale");
        String id = newJob();
        replay(recording.get(0), "fn-scale", id);
        assertAlike(
                recording.get(2).answer(),
                replay(recording.get(2), "fn-scale", id).json());
        assertAlike(
                recording.get(7).answer(),
                replay(recording.get(7), "fn-scale", id).json());
        assertThat(nomad().get("/v1/job/" + id + "/deployments")).isEmpty();
        JsonNode event = nomad().get("/v1/job/" + id + "/scale").at("/TaskGroups/pool/Events/0");
        assertThat(event.path("Message").asText()).isEqualTo("down");
        assertThat(event.path("PreviousCount").asInt()).isEqualTo(3);
    }

    @Test
    void givenMaxParallelOne_whenScaledAgainAtOnce_thenTheActiveDeploymentBlocksIt() {
        String id = newJob();
        ObjectNode job = Nomad.job(id, 0, IDLE);
        ((ObjectNode) job.at("/Job/TaskGroups/0")).remove("Update");
        nomad().post("/v1/jobs", job);
        nomad().scale(id, 1);
        Nomad.await(() -> nomad().get("/v1/job/" + id + "/deployments").isEmpty() ? null : true);
        Answer refused = nomad().call(
                        "POST",
                        "/v1/job/" + id + "/scale",
                        Json.object("Count", 2, "Target", Json.object("Group", "pool"))
                                .toString());
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.text()).isEqualTo("job scaling blocked due to active deployment");
        String deployment =
                nomad().get("/v1/job/" + id + "/deployment").path("ID").asText();
        nomad().post("/v1/deployment/fail/" + deployment, Json.object());
        nomad().scale(id, 0);
    }

    @Test
    void givenThreeInstances_whenScaledToOne_thenTheHighestIndexesAreStopped() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 3, IDLE));
        Nomad.await(() -> running(id) == 3 ? true : null);
        nomad().scale(id, 1);
        Nomad.await(() -> running(id) == 1 ? true : null);
        JsonNode left = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        assertThat(left.path("Name").asText()).isEqualTo(id + ".pool[0]");
    }

    private long running(String job) {
        return Json.each(nomad().get("/v1/job/" + job + "/allocations"))
                .filter(a -> status(a).equals("running"))
                .count();
    }

    private static String status(JsonNode alloc) {
        return alloc.path("ClientStatus").asText();
    }

    @Test
    void givenManyScaleCallsAtOnce_whenTheLastSaysZero_thenNothingIsLeftRunning() throws Exception {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 0, IDLE));
        var answers = new ConcurrentLinkedQueue<Nomad.Answer>(); // Nomad lets one of two that come at once fail
        List<Thread> callers = Stream.of(1, 2, 3, 4)
                .map(caller -> Thread.startVirtualThread(() -> {
                    for (int i = 0; i < 15; i++) {
                        answers.add(nomad().tryToScale(id, (i * 7 + caller) % 5));
                    }
                }))
                .toList();
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(answers)
                .hasSize(60)
                .allMatch(answer -> answer.status() == 200 || answer.text().startsWith("Enforcing job modify index"));
        nomad().scale(id, 0);
        Nomad.await(() -> Json.each(nomad().get("/v1/job/" + id + "/allocations"))
                        .allMatch(a -> status(a).equals("complete"))
                ? true
                : null);
        Nomad.await(() -> processesOf(id).isEmpty() ? true : null);
    }

    /** On this machine, by what Nomad puts into their environment. */
    private static List<Path> processesOf(String job) throws IOException {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(p -> environment(p).contains("NOMAD_JOB_ID=" + job + "\0"))
                    .toList();
        }
    }

    private static String environment(Path process) {
        try {
            return Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // not a process, not ours, or gone
        }
    }

    // ---- placement that fails

    static Stream<Integer> unplaceable() {
        return Stream.of(0, 14, 16, 18, 20, 22);
    }

    @ParameterizedTest
    @MethodSource("unplaceable")
    void givenAJobWithoutRoom_whenRegistered_thenTheEvaluationSaysWhyAndAnotherWaits(int number) {
        Recording recording = Recording.of("08-evaluations-blocked");
        Exchange registration = recording.get(number);
        String recordedId =
                Json.at(registration.doc(), "request", "body", "Job", "ID").asText();
        String id = newJob();
        String evaluation =
                replay(registration, recordedId, id).json().path("EvalID").asText();
        JsonNode done = nomad().awaitEvaluation(evaluation);
        assertAlike(renamed(recording.get(number + 1).answer(), recordedId, id), done, "AllocationTime", "NodesInPool");
        JsonNode blocked =
                nomad().get("/v1/evaluation/" + done.path("BlockedEval").asText());
        assertThat(blocked.path("Status").asText()).isEqualTo("blocked");
        assertThat(blocked.path("TriggeredBy").asText()).isEqualTo("queued-allocs");
        if (number == 0) {
            assertAlike(renamed(recording.get(2).answer(), recordedId, id), blocked);
            assertThat(nomad().get("/v1/job/" + id).path("Status").asText()).isEqualTo("pending");
            assertAlike(renamed(recording.get(4).answer(), recordedId, id), nomad().get("/v1/job/" + id + "/summary"));
            nomad().scale(id, 0);
            Nomad.await(() -> nomad().get("/v1/evaluation/" + blocked.path("ID").asText())
                            .path("Status")
                            .asText()
                            .equals("canceled")
                    ? true
                    : null);
        }
    }

    @Test
    void givenAFullNode_whenRoomIsMade_thenTheBlockedJobIsPlaced() {
        JsonNode node = nomad().get("/v1/nodes?resources=true").get(0);
        int half = node.at("/NodeResources/Memory/MemoryMB").asInt() * 6 / 10;
        Object[] large = {"Resources", Json.object("CPU", 50, "MemoryMB", half)};
        String first = newJob();
        String second = newJob();
        nomad().post("/v1/jobs", Nomad.job(first, 1, IDLE, large));
        nomad().awaitAlloc(first, a -> status(a).equals("running"));
        String evaluation = nomad().post("/v1/jobs", Nomad.job(second, 1, IDLE, large))
                .path("EvalID")
                .asText();
        assertThat(nomad().awaitEvaluation(evaluation)
                        .at("/FailedTGAllocs/pool/DimensionExhausted/memory")
                        .asInt())
                .isEqualTo(1);
        nomad().scale(first, 0);
        nomad().awaitAlloc(second, a -> status(a).equals("running"));
    }

    // ---- the life of an allocation

    @Test
    void givenARunningInstance_whenItIsRead_thenItLooksAsRecorded() {
        Recording recording = Recording.of("09-allocations");
        String id = newJob();
        ObjectNode job = Nomad.job(id, 1, IDLE);
        ((ObjectNode) job.at("/Job/TaskGroups/0"))
                .set("Networks", Json.array().add(Json.object("DynamicPorts", new Object[] {Json.object("Label", "http")
                })));
        nomad().post("/v1/jobs", job);
        JsonNode stub = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        assertAlike(renamed(recording.get(0).answer().get(0), "fn-al", id), stub);
        String alloc = stub.path("ID").asText();
        assertAlike(
                renamed(recording.get(1).answer().get(0), "fn-al", id),
                nomad().get("/v1/allocations?prefix=" + alloc + "&resources=true&task_states=false")
                        .get(0));
        ObjectNode recorded = (ObjectNode) renamed(recording.get(20).answer(), "fn-al", id);
        recorded.remove(List.of("PreviousAllocation", "Job"));
        ObjectNode full = (ObjectNode) nomad().get("/v1/allocation/" + alloc);
        assertThat(full.at("/Job/ID").asText()).isEqualTo(id);
        assertAlike(recorded, Json.with(full, "Job", null, "Metrics", null));
        assertThat(nomad().get("/v1/evaluation/" + full.path("EvalID").asText() + "/allocations"))
                .hasSize(1);
    }

    @Test
    void givenAllocationsThatAreNotThere_whenAskedFor_thenTextsAreNomads() {
        Recording recording = Recording.of("09-allocations");
        for (int number : new int[] {3, 4, 15, 21}) {
            Exchange exchange = recording.get(number);
            Answer answer = nomad().call(exchange.method(), exchange.target(), exchange.body());
            assertThat(answer.text())
                    .as(exchange.toString())
                    .isEqualTo(exchange.answer().asText());
            assertThat(answer.status()).as(exchange.toString()).isEqualTo(exchange.status());
        }
    }

    private List<String> events(String job, JsonNode alloc) {
        return Json.each(nomad().get("/v1/allocation/" + alloc.path("ID").asText())
                        .at("/TaskStates/fn/Events"))
                .map(e -> e.path("Type").asText() + ": "
                        + e.path("DisplayMessage").asText())
                .toList();
    }

    @Test
    void givenAKillSignal_whenTheInstanceIsStopped_thenTheTaskGetsItAndTheEventsAreInOrder() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, IDLE, "KillSignal", "SIGTERM", "ShutdownDelay", 300_000_000L));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        Nomad.await(() -> logs(alloc, "stdout").contains("started") ? true : null);
        nomad().scale(id, 0);
        nomad().awaitAlloc(id, a -> status(a).equals("complete"));
        assertThat(events(id, alloc))
                .containsExactly(
                        "Received: Task received by client",
                        "Task Setup: Building Task Directory",
                        "Started: Task started by client",
                        "Killing: Sent interrupt. Waiting 5s before force killing",
                        "Waiting for shutdown delay: Waiting for shutdown_delay of 300ms before killing the task.",
                        "Terminated: Exit Code: 0",
                        "Killed: Task successfully killed");
        assertThat(logs(alloc, "stdout")).isEqualTo("started\ngot-term\n");
    }

    private String logs(JsonNode alloc, String type) {
        return nomad().call(
                        "GET",
                        "/v1/client/fs/logs/" + alloc.path("ID").asText() + "?task=fn&plain=true&type=" + type,
                        "")
                .text();
    }

    @Test
    void givenNoKillSignal_whenTheInstanceIsStopped_thenRawExecSendsAnInterrupt() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, IDLE));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        Nomad.await(() -> logs(alloc, "stdout").contains("started") ? true : null);
        nomad().scale(id, 0);
        nomad().awaitAlloc(id, a -> status(a).equals("complete"));
        assertThat(logs(alloc, "stdout")).endsWith("got-int\n");
    }

    @Test
    void givenATaskThatIgnoresTheSignal_whenTheTimeoutIsOver_thenItIsKilled() {
        String id = newJob();
        nomad().post(
                        "/v1/jobs",
                        Nomad.job(
                                id,
                                1,
                                "trap '' INT; echo started; while true; do sleep 0.1; done",
                                "KillTimeout",
                                500_000_000L));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        Nomad.await(() -> logs(alloc, "stdout").contains("started") ? true : null);
        nomad().scale(id, 0);
        nomad().awaitAlloc(id, a -> status(a).equals("complete"));
        assertThat(events(id, alloc)).contains("Terminated: Exit Code: 137, Signal: 9");
    }

    @Test
    void givenAChildOfTheTask_whenTheInstanceIsStopped_thenTheChildGoesToo() throws IOException {
        String id = newJob();
        nomad().post(
                        "/v1/jobs",
                        Nomad.job(id, 1, "(trap '' INT; while true; do sleep 0.1; done) & echo child=$!; wait"));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        String out = Nomad.await(() -> logs(alloc, "stdout").contains("\n") ? logs(alloc, "stdout") : null);
        long child = Long.parseLong(out.strip().substring("child=".length()));
        nomad().scale(id, 0);
        nomad().awaitAlloc(id, a -> status(a).equals("complete"));
        Nomad.await(() -> ProcessHandle.of(child).map(ProcessHandle::isAlive).orElse(false) ? null : true);
    }

    @Test
    void givenATaskThatExits_whenNothingIsTriedAgain_thenItIsFailedAndTheJobIsDead() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, "echo boom; exit 3"));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("failed"));
        assertThat(events(id, alloc)).endsWith("Terminated: Exit Code: 3", "Not Restarting: Policy allows no restarts");
        assertThat(alloc.path("DesiredStatus").asText()).isEqualTo("run");
        assertThat(alloc.path("ClientDescription").asText()).isEqualTo("Failed tasks");
        assertThat(nomad().get("/v1/job/" + id).path("Status").asText()).isEqualTo("dead");
        assertThat(nomad().get("/v1/job/" + id + "/evaluations")).hasSize(1);
    }

    @Test
    void givenARestartPolicy_whenTheTaskFailsTooOften_thenItIsGivenUp() {
        String id = newJob();
        ObjectNode job = Nomad.job(id, 1, "exit 3");
        ((ObjectNode) job.at("/Job/TaskGroups/0"))
                .set(
                        "RestartPolicy",
                        Json.object("Attempts", 2, "Interval", 60_000_000_000L, "Delay", 50_000_000L, "Mode", "fail"));
        nomad().post("/v1/jobs", job);
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("failed"));
        List<String> types = events(id, alloc).stream()
                .map(e -> e.substring(0, e.indexOf(':')))
                .toList();
        assertThat(types)
                .containsExactly(
                        "Task Setup",
                        "Started",
                        "Terminated",
                        "Restarting",
                        "Started",
                        "Terminated",
                        "Restarting",
                        "Started",
                        "Terminated",
                        "Not Restarting");
        assertThat(events(id, alloc))
                .endsWith("Not Restarting: Exceeded allowed attempts 2 in interval 1m0s and mode is \"fail\"");
        assertThat(alloc.at("/TaskStates/fn/Restarts").asInt()).isEqualTo(2);
    }

    @Test
    void givenAReschedulePolicy_whenTheInstanceFails_thenAnotherTakesItsPlaceAfterTheDelay() {
        String id = newJob();
        ObjectNode job = Nomad.job(id, 1, "exit 3");
        ((ObjectNode) job.at("/Job/TaskGroups/0"))
                .set(
                        "ReschedulePolicy",
                        Json.object("Unlimited", true, "Delay", 5_000_000_000L, "DelayFunction", "constant"));
        nomad().post("/v1/jobs", job);
        JsonNode next = nomad().awaitAlloc(id, a -> a.path("RescheduleTracker").isObject());
        assertThat(next.path("Name").asText()).isEqualTo(id + ".pool[0]");
        assertThat(next.at("/RescheduleTracker/Events/0/Delay").asLong()).isEqualTo(5_000_000_000L);
        JsonNode before =
                nomad().awaitAlloc(id, a -> !a.path("NextAllocation").asText().isEmpty());
        assertThat(before.path("NextAllocation")).isEqualTo(next.path("ID"));
        assertThat(before.path("DesiredStatus").asText()).isEqualTo("stop");
        List<String> triggers = Json.each(nomad().get("/v1/job/" + id + "/evaluations"))
                .map(e -> e.path("TriggeredBy").asText())
                .distinct()
                .toList();
        assertThat(triggers).contains("job-register", "alloc-failure", "alloc-reschedule");
    }

    @Test
    void givenACommandThatDoesNotExist_whenPlaced_thenTheDriverSaysSo() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, "", "Config", Json.object("command", "/no/such/binary")));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("failed"));
        assertThat(events(id, alloc))
                .containsSequence(
                        "Driver Failure: failed to launch command with executor: rpc error: code = Unknown desc = binary"
                                + " \"/no/such/binary\" could not be found",
                        "Not Restarting: Policy allows no restarts");
    }

    @Test
    void givenAnUnknownDriverOption_whenPlaced_thenValidationFailsOnTheNode() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, "", "Config", Json.object("command", "/bin/true", "bogus", 1)));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("failed"));
        assertThat(events(id, alloc))
                .anyMatch(e -> e.startsWith("Failed Validation: 2 errors occurred:\n\t* failed to parse config:")
                        && e.contains("named \"bogus\""));
    }

    @Test
    void givenARunningInstance_whenItIsStoppedByItsId_thenAnotherTakesItsIndex() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, IDLE));
        JsonNode first = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        String evaluation = nomad().post("/v1/allocation/" + first.path("ID").asText() + "/stop", Json.object())
                .path("EvalID")
                .asText();
        assertThat(nomad().awaitEvaluation(evaluation).path("TriggeredBy").asText())
                .isEqualTo("alloc-stop");
        JsonNode second = nomad().awaitAlloc(
                        id, a -> status(a).equals("running") && !a.path("ID").equals(first.path("ID")));
        assertThat(second.path("Name")).isEqualTo(first.path("Name"));
        JsonNode stopped = nomad().awaitAlloc(id, a -> status(a).equals("complete"));
        assertThat(stopped.path("DesiredDescription").asText()).isEqualTo("alloc is being migrated");
        assertThat(stopped.path("NextAllocation")).isEqualTo(second.path("ID"));
    }

    @Test
    void givenARunningInstance_whenItIsSignalled_thenTheTaskGetsTheSignal() {
        String id = newJob();
        nomad().post(
                        "/v1/jobs",
                        Nomad.job(id, 1, "trap 'echo usr1' USR1; echo started; while true; do sleep 0.05; done"));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        Nomad.await(() -> logs(alloc, "stdout").contains("started") ? true : null);
        nomad().call(
                        "PUT",
                        "/v1/client/allocation/" + alloc.path("ID").asText() + "/signal",
                        Json.object("Signal", "SIGUSR1", "Task", "fn").toString());
        Nomad.await(() -> logs(alloc, "stdout").contains("usr1") ? true : null);
    }

    @Test
    void givenATask_whenItStarts_thenItsEnvironmentIsNomads() {
        String id = newJob();
        ObjectNode job = Nomad.job(
                id,
                1,
                "env | grep -E '^(NOMAD|FN)_' | sort; sleep 60",
                "Env",
                Json.object(
                        "FN_PORT",
                        "${NOMAD_PORT_http}",
                        "FN_INTERP",
                        "${NOMAD_META_tier}-${attr.kernel.name}",
                        "FN_REGION",
                        "${node.region}",
                        "FN_UNKNOWN",
                        "${no.such.thing}"),
                "Meta",
                Json.object("tier", "gold"));
        ((ObjectNode) job.at("/Job/TaskGroups/0"))
                .set("Networks", Json.array().add(Json.object("DynamicPorts", new Object[] {Json.object("Label", "http")
                })));
        nomad().post("/v1/jobs", job);
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        String out =
                Nomad.await(() -> logs(alloc, "stdout").contains("NOMAD_TASK_NAME") ? logs(alloc, "stdout") : null);
        JsonNode full = nomad().get("/v1/allocation/" + alloc.path("ID").asText());
        int port = full.at("/AllocatedResources/Shared/Ports/0/Value").asInt();
        assertThat(out.lines())
                .contains(
                        "FN_PORT=" + port,
                        "FN_INTERP=gold-linux",
                        "FN_REGION=global",
                        "NOMAD_ADDR_http=127.0.0.1:" + port,
                        "NOMAD_ALLOC_ID=" + alloc.path("ID").asText(),
                        "NOMAD_ALLOC_INDEX=0",
                        "NOMAD_ALLOC_NAME=" + id + ".pool[0]",
                        "NOMAD_CPU_LIMIT=50",
                        "NOMAD_DC=dc1",
                        "NOMAD_GROUP_NAME=pool",
                        "NOMAD_JOB_ID=" + id,
                        "NOMAD_MEMORY_LIMIT=32",
                        "NOMAD_META_TIER=gold",
                        "NOMAD_META_tier=gold",
                        "NOMAD_NAMESPACE=default",
                        "NOMAD_PORT_http=" + port,
                        "NOMAD_SHORT_ALLOC_ID=" + alloc.path("ID").asText().substring(0, 8),
                        "NOMAD_TASK_NAME=fn");
    }

    @Test
    void givenASecretInAVariable_whenATemplateReadsIt_thenTheTaskFindsItInItsSecrets() {
        String id = newJob();
        nomad().call(
                        "PUT",
                        "/v1/var/nomad/jobs/" + id,
                        Json.object("Items", Json.object("k", "from-variable")).toString());
        ObjectNode template = Json.object(
                "EmbeddedTmpl",
                "{{ env \"NOMAD_ALLOC_ID\" }} {{ with nomadVar \"nomad/jobs/%s\" }}{{ .k }}{{ end }}".formatted(id),
                "DestPath",
                "secrets/x.txt",
                "Perms",
                "0600",
                "ChangeMode",
                "noop");
        nomad().post(
                        "/v1/jobs",
                        Nomad.job(
                                id,
                                1,
                                "cat secrets/x.txt; stat -c ' %a' secrets/x.txt; sleep 60",
                                "Templates",
                                new Object[] {template}));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        String out = Nomad.await(() -> logs(alloc, "stdout").endsWith("\n") ? logs(alloc, "stdout") : null);
        assertThat(out).isEqualTo(alloc.path("ID").asText() + " from-variable 600\n");
        nomad().call("DELETE", "/v1/var/nomad/jobs/" + id, "");
    }

    // ---- the end of a job

    @Test
    void givenAJob_whenItIsStopped_thenItIsReadable_andWhenPurged_thenItIsGone() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, IDLE));
        nomad().awaitAlloc(id, a -> status(a).equals("running"));
        assertThat(nomad().call("DELETE", "/v1/job/" + id, "").status()).isEqualTo(200);
        nomad().awaitAlloc(id, a -> status(a).equals("complete"));
        JsonNode stopped = nomad().get("/v1/job/" + id);
        assertThat(stopped.path("Stop").asBoolean()).isTrue();
        assertThat(stopped.path("Status").asText()).isEqualTo("dead");
        assertThat(nomad().call("DELETE", "/v1/job/" + id + "?purge=true", "").status())
                .isEqualTo(200);
        Answer gone = nomad().call("GET", "/v1/job/" + id, "");
        assertThat(gone.status()).isEqualTo(404);
        assertThat(gone.text()).isEqualTo("job not found");
        assertThat(nomad().get("/v1/job/" + id + "/allocations")).isEmpty();
        Answer again = nomad().call("DELETE", "/v1/job/" + id + "?purge=true", "");
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().path("EvalID").asText()).isEmpty();
    }

    // ---- plans and versions

    @Test
    void givenARegisteredJob_whenItIsPlannedAgain_thenOnlyTheScalingBlockSeemsToChange() {
        Recording recording = Recording.of("03-plan");
        String id = newJob();
        ObjectNode job = Nomad.job(id, 1, IDLE);
        nomad().post("/v1/jobs", job);
        nomad().awaitAlloc(id, a -> status(a).equals("running"));
        JsonNode plan = nomad().post("/v1/job/" + id + "/plan", Json.with(job, "Diff", true));
        assertAlike(renamed(recording.get(0).answer(), "fn-full", id), plan);
        assertThat(nomad().get("/v1/job/" + id).path("Version").asInt()).isZero();
    }

    @Test
    void givenAPlan_whenItNeedsMoreThanTheNodeHas_thenTheAnswerSaysWhatIsMissingAndNothingIsRegistered() {
        Recording recording = Recording.of("03-plan");
        String id = newJob();
        ObjectNode job = Nomad.job(id, 2, IDLE, "Resources", Json.object("CPU", 50, "MemoryMB", 900_000));
        JsonNode plan = nomad().post("/v1/job/" + id + "/plan", Json.with(job, "Diff", true));
        assertThat(plan.at("/FailedTGAllocs/pool/DimensionExhausted/memory").asInt())
                .isEqualTo(1);
        assertThat(plan.at("/Diff/Type").asText()).isEqualTo("Added");
        assertThat(plan.at("/Diff/TaskGroups/0/Updates/create").asInt()).isEqualTo(2);
        assertThat(plan.at("/JobModifyIndex").asLong()).isZero();
        assertAlike(
                recording.get(3).answer().at("/CreatedEvals/0/FailedTGAllocs/pool"),
                plan.at("/CreatedEvals/0/FailedTGAllocs/pool"),
                "MemoryMB");
        assertThat(nomad().call("GET", "/v1/job/" + id, "").status()).isEqualTo(404);
        assertThat(nomad().post("/v1/job/" + id + "/plan", job).path("Diff").isNull())
                .isTrue();
        assertThat(nomad().call("POST", "/v1/job/other/plan", job.toString()).text())
                .isEqualTo("Job ID does not match");
        assertThat(nomad().call("POST", "/v1/job/" + id + "/plan", "{}").text()).isEqualTo("Job must be specified");
    }

    @Test
    void givenAChangedCommand_whenPlanned_thenTheDiffNamesIt() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, IDLE, "Env", Json.object("K", "old")));
        nomad().awaitAlloc(id, a -> status(a).equals("running"));
        JsonNode plan = nomad().post(
                        "/v1/job/" + id + "/plan",
                        Json.with(Nomad.job(id, 3, IDLE, "Env", Json.object("K", "new")), "Diff", true));
        assertThat(plan.at("/Annotations/DesiredTGUpdates/pool/DestructiveUpdate")
                        .asInt())
                .isEqualTo(1);
        assertThat(plan.at("/Annotations/DesiredTGUpdates/pool/Place").asInt()).isEqualTo(2);
        JsonNode group = plan.at("/Diff/TaskGroups/0");
        assertThat(group.at("/Fields/0/Name").asText()).isEqualTo("Count");
        assertThat(group.at("/Fields/0/Annotations/0").asText()).isEqualTo("forces create");
        JsonNode task = group.at("/Tasks/0");
        assertThat(task.at("/Annotations/0").asText()).isEqualTo("forces create/destroy update");
        assertThat(task.at("/Fields/0").toString())
                .isEqualTo(
                        "{\"Annotations\":null,\"Name\":\"Env[K]\",\"New\":\"new\",\"Old\":\"old\",\"Type\":\"Edited\"}");
    }

    @Test
    void givenAnEarlierVersion_whenTheJobIsReverted_thenItIsANewVersionWithTheOldContent() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 0, IDLE, "Env", Json.object("K", "one")));
        nomad().post("/v1/jobs", Nomad.job(id, 0, IDLE, "Env", Json.object("K", "two")));
        String revert = "/v1/job/" + id + "/revert";
        JsonNode answer = nomad().post(revert, Json.object("JobID", id, "JobVersion", 0));
        assertAlike(Recording.of("04-job-read-list-versions").get(20).answer(), answer);
        JsonNode job = nomad().get("/v1/job/" + id);
        assertThat(job.path("Version").asInt()).isEqualTo(2);
        assertThat(job.at("/TaskGroups/0/Tasks/0/Env/K").asText()).isEqualTo("one");
        JsonNode versions = nomad().get("/v1/job/" + id + "/versions?diffs=true");
        assertThat(versions.path("Versions")).hasSize(3);
        assertThat(versions.path("Diffs")).hasSize(2);
        assertThat(versions.at("/Diffs/0/TaskGroups/0/Tasks/0/Fields/0/Name").asText())
                .isEqualTo("Env[K]");
        assertThat(refusal(revert, Json.object("JobID", id, "JobVersion", 2)))
                .isEqualTo("can't revert to current version");
        assertThat(refusal(revert, Json.object("JobID", id, "JobVersion", 7)))
                .isEqualTo("job \"%s\" in namespace \"default\" at version 7 not found".formatted(id));
        assertThat(refusal(revert, Json.object("JobID", "x", "JobVersion", 0))).isEqualTo("Job ID does not match");
        nomad().post("/v1/job/" + id + "/stable", Json.object("JobID", id, "JobVersion", 1, "Stable", true));
        assertThat(nomad().get("/v1/job/" + id + "/versions")
                        .at("/Versions/1/Stable")
                        .asBoolean())
                .isTrue();
    }

    private String refusal(String target, JsonNode body) {
        return nomad().call("POST", target, body.toString()).text();
    }

    // ---- the node

    private String node() {
        return nomad().get("/v1/nodes").get(0).path("ID").asText();
    }

    @Test
    void givenANodeThatIsNotEligible_whenSomethingIsScaled_thenItWaits_andIsPlacedWhenTheNodeIsBack() {
        Recording recording = Recording.of("15-node-drain-eligibility");
        String eligibility = "/v1/node/" + node() + "/eligibility";
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, IDLE));
        nomad().awaitAlloc(id, a -> status(a).equals("running"));
        assertAlike(recording.get(0).answer(), nomad().post(eligibility, Json.object("Eligibility", "ineligible")));
        try {
            JsonNode waiting =
                    nomad().awaitEvaluation(nomad().scale(id, 2).path("EvalID").asText());
            assertAlike(
                    recording.get(3).answer().path("FailedTGAllocs"), waiting.path("FailedTGAllocs"), "NodesInPool");
            assertThat(waiting.at("/PlanAnnotations/DesiredTGUpdates/pool/InPlaceUpdate")
                            .asInt())
                    .isEqualTo(1);
            assertThat(refusal(eligibility, Json.object("Eligibility", "bogus")))
                    .isEqualTo(recording.get(6).answer().asText());
        } finally {
            JsonNode back = nomad().post(eligibility, Json.object("Eligibility", "eligible"));
            assertThat(back.path("EvalIDs")).isNotEmpty();
        }
        Nomad.await(() -> running(id) == 2 ? true : null);
    }

    @Test
    void givenADrainWithADeadline_whenItIsReached_thenWhatRanIsStopped_andTheNodeStaysIneligibleUntilItIsMarked() {
        Recording recording = Recording.of("15-node-drain-eligibility");
        String node = node();
        String drain = "/v1/node/" + node + "/drain";
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 2, IDLE));
        Nomad.await(() -> running(id) == 2 ? true : null);
        ObjectNode spec = Json.object("Deadline", 2_000_000_000L, "IgnoreSystemJobs", false);
        assertAlike(
                recording.get(7).answer(),
                nomad().post(drain, Json.object("DrainSpec", spec, "Meta", Json.object("message", "maintenance"))));
        try {
            JsonNode draining = nomad().get("/v1/node/" + node);
            assertThat(draining.path("Drain").asBoolean()).isTrue();
            assertThat(draining.at("/DrainStrategy/Deadline").asLong()).isEqualTo(2_000_000_000L);
            assertThat(draining.at("/LastDrain/Status").asText()).isEqualTo("draining");
            assertThat(draining.at("/LastDrain/Meta/message").asText()).isEqualTo("maintenance");
            assertThat(refusal("/v1/node/" + node + "/eligibility", Json.object("Eligibility", "eligible")))
                    .isEqualTo("can not set node's scheduling eligibility to eligible while it is draining");
            JsonNode done = Nomad.await(() -> {
                JsonNode now = nomad().get("/v1/node/" + node);
                return now.path("Drain").asBoolean() ? null : now;
            });
            assertThat(done.path("SchedulingEligibility").asText()).isEqualTo("ineligible");
            assertThat(done.path("DrainStrategy").isNull()).isTrue();
            assertThat(done.at("/LastDrain/Status").asText()).isEqualTo("complete");
            Nomad.await(() -> running(id) == 0 ? true : null);
            assertThat(Json.each(nomad().get("/v1/job/" + id + "/allocations"))
                            .map(a -> a.path("DesiredDescription").asText()))
                    .containsOnly("alloc is being migrated");
            assertThat(Json.each(nomad().get("/v1/job/" + id + "/evaluations"))
                            .map(e -> e.path("TriggeredBy").asText()))
                    .contains("node-drain");
        } finally {
            nomad().post(drain, Json.object("DrainSpec", null, "MarkEligible", true));
        }
        assertThat(nomad().get("/v1/node/" + node).path("SchedulingEligibility").asText())
                .isEqualTo("eligible");
        Nomad.await(() -> running(id) == 2 ? true : null);
    }

    // ---- lists

    @Test
    void givenSeveralJobs_whenListedInPages_thenEachIsThereOnceAndTheNextPageIsNamed() {
        String prefix = newJob();
        List<String> ids = new ArrayList<>();
        for (String end : List.of("a", "b", "c")) {
            ids.add(prefix + end);
            jobs.add(prefix + end);
            nomad().post("/v1/jobs", Nomad.job(prefix + end, 0, IDLE));
        }
        List<String> listed = new ArrayList<>();
        String token = "";
        do {
            Answer page = nomad().call("GET", "/v1/jobs?per_page=2&prefix=" + prefix + "&next_token=" + token, "");
            page.json().forEach(job -> listed.add(job.path("ID").asText()));
            token = page.response().headers().firstValue("X-Nomad-Nexttoken").orElse("");
        } while (!token.isEmpty());
        assertThat(listed).isEqualTo(ids);
        assertThat(nomad().call("GET", "/v1/jobs?per_page=abc", "").text())
                .isEqualTo("Expect a number for `per_page` query string parameter");
    }

    @Test
    void givenAFilter_whenListed_thenOnlyWhatItAcceptsIsThere() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, IDLE));
        nomad().awaitAlloc(id, a -> status(a).equals("running"));
        assertThat(nomad().get(filtered("/v1/jobs", "ID == \"%s\" and Status == \"running\"".formatted(id))))
                .hasSize(1);
        assertThat(nomad().get(filtered("/v1/jobs", "ID == \"%s\" and not Status == \"running\"".formatted(id))))
                .isEmpty();
        assertThat(nomad().get(filtered("/v1/allocations", "JobID == `%s` and ClientStatus != `failed`".formatted(id))))
                .hasSize(1);
        assertThat(nomad().get(filtered("/v1/evaluations", "JobID == \"%s\" and Priority == 50".formatted(id))))
                .hasSize(1);
        assertThat(nomad().get(filtered(
                        "/v1/nodes",
                        "Datacenter in [\"x\"] or Datacenter == \"dc1\"".replace("Datacenter in [\"x\"] or ", ""))))
                .hasSize(1);
        Answer unknown = nomad().call("GET", filtered("/v1/jobs", "Foo == 1"), "");
        assertThat(unknown.status()).isEqualTo(400);
        assertThat(unknown.text()).contains("couldn't find key: struct field with name \"Foo\"");
        assertThat(nomad().call("GET", filtered("/v1/jobs", "Status = 1"), "").text())
                .startsWith(
                        "failed to create result paginator: failed to read filter expression: 1:8 (7): no match found");
    }

    private static String filtered(String path, String expression) {
        return path + "?filter=" + URLEncoder.encode(expression, StandardCharsets.UTF_8);
    }

    @Test
    void givenANamespace_whenAJobIsInIt_thenOnlyThoseWhoNameItSeeTheJob() {
        String space = "ct-" + Long.toString(System.nanoTime(), 36);
        Answer made = nomad().call(
                        "PUT",
                        "/v1/namespace/" + space,
                        Json.object("Name", space).toString());
        assertThat(made.status()).isEqualTo(200);
        String id = newJob();
        nomad().post(
                        "/v1/jobs",
                        Json.object(
                                "Job",
                                Json.with((ObjectNode) Nomad.job(id, 1, IDLE).get("Job"), "Namespace", space)));
        try {
            assertThat(nomad().call("GET", "/v1/job/" + id, "").text()).isEqualTo("job not found");
            assertThat(nomad().get("/v1/job/" + id + "?namespace=" + space)
                            .path("Namespace")
                            .asText())
                    .isEqualTo(space);
            assertThat(nomad().get("/v1/jobs?namespace=" + space)).hasSize(1);
            Nomad.await(() -> Json.each(nomad().get("/v1/allocations?namespace=" + space))
                            .anyMatch(a -> status(a).equals("running"))
                    ? true
                    : null);
            assertThat(nomad().call("DELETE", "/v1/namespace/" + space, "").text())
                    .isEqualTo(
                            ("2 errors occurred:\n\t* namespace \"%1$s\" has non-terminal jobs in regions: [global]\n"
                                            + "\t* namespace \"%1$s\" has non-terminal allocations in regions: [global]\n\n")
                                    .formatted(space));
        } finally {
            nomad().call("DELETE", "/v1/job/" + id + "?purge=true&namespace=" + space, "");
        }
        Nomad.await(() -> nomad().call("DELETE", "/v1/namespace/" + space, "").status() == 200 ? true : null);
    }

    // ---- figures and files

    @Test
    void givenATaskThatRuns_whenItsUsageIsAsked_thenItIsThatOfItsProcesses() {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, "sleep 1000 & echo $$; wait"));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        String pid = Nomad.await(() ->
                logs(alloc, "stdout").endsWith("\n") ? logs(alloc, "stdout").strip() : null);
        String stats = "/v1/client/allocation/" + alloc.path("ID").asText() + "/stats";
        JsonNode usage = Nomad.await(() -> {
            JsonNode now = nomad().get(stats);
            return now.at("/Tasks/fn/Pids").size() >= 2 ? now : null;
        });
        assertThat(usage.at("/ResourceUsage/MemoryStats/RSS").asLong()).isGreaterThan(500_000);
        JsonNode task = usage.at("/Tasks/fn");
        assertThat(task.at("/Pids/" + pid + "/MemoryStats/RSS").asLong()).isPositive();
        assertThat(task.at("/ResourceUsage/CpuStats/Measured")).isNotEmpty();
    }

    @Test
    void givenMoreOutputThanItsLogsMayHold_whenATaskWrites_thenTheOldestFileGoes() {
        String id = newJob();
        String script =
                "i=0; while [ $i -lt 50 ]; do i=$((i+1)); head -c 100000 /dev/zero | tr '\\0' x; echo; done; echo end; sleep 100";
        nomad().post("/v1/jobs", Nomad.job(id, 1, script, "LogConfig", Json.object("MaxFiles", 2, "MaxFileSizeMB", 1)));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        String list = "/v1/client/fs/ls/" + alloc.path("ID").asText() + "?path=/alloc/logs";
        List<JsonNode> files = Nomad.await(() -> {
            List<JsonNode> now = Json.each(nomad().get(list))
                    .filter(f -> f.path("Name").asText().startsWith("fn.stdout."))
                    .toList();
            return now.stream().anyMatch(f -> f.path("Name").asText().equals("fn.stdout.4")) && now.size() == 2
                    ? now
                    : null;
        });
        assertThat(files).extracting(f -> f.path("Name").asText()).containsExactly("fn.stdout.3", "fn.stdout.4");
        assertThat(files).allMatch(f -> f.path("Size").asLong() <= 1024 * 1024);
        Nomad.await(() -> logs(alloc, "stdout").endsWith("end\n") ? true : null);
    }

    // ---- waiting and streaming

    @Test
    void givenAnIndex_whenNothingNewComes_thenTheReadWaits_andWhenSomethingDoes_thenItReturns() throws Exception {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 0, IDLE));
        long index = Nomad.await(() -> {
            Answer answer = nomad().call("GET", "/v1/job/" + id, "");
            return answer.json().path("Status").asText().equals("dead") ? answer.index() : null;
        });
        long start = System.nanoTime();
        Answer same = nomad().call("GET", "/v1/job/" + id + "?index=" + index + "&wait=300ms", "");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        assertThat(same.index()).isEqualTo(index);
        assertThat(same.response().headers().firstValue("X-Nomad-Knownleader")).hasValue("true");
        Thread scaling = Thread.startVirtualThread(() -> nomad().scale(id, 1));
        Answer changed = nomad().call("GET", "/v1/job/" + id + "?index=" + index + "&wait=20s", "");
        assertThat(changed.index()).isGreaterThan(index);
        scaling.join();
        assertThat(nomad().call("GET", "/v1/jobs?index=abc", "").text()).isEqualTo("Invalid index");
        assertThat(nomad().call("GET", "/v1/jobs?index=5&wait=abc", "").text()).isEqualTo("Invalid wait time");
    }

    @Test
    void givenAStreamOfAJobsAllocations_whenTheJobIsScaled_thenPlacementAndStartAreTold() throws Exception {
        String id = newJob();
        long index =
                nomad().post("/v1/jobs", Nomad.job(id, 0, IDLE)).path("Index").asLong();
        try (BufferedReader lines =
                nomad().stream("/v1/event/stream?topic=Allocation:" + id + "&topic=Job:" + id + "&index=" + index)) {
            assertThat(lines.readLine()).isEqualTo("{}");
            nomad().scale(id, 1);
            List<String> told = new ArrayList<>();
            while (!told.contains("AllocationUpdated running")) {
                JsonNode line = Json.MAPPER.readTree(lines.readLine());
                for (JsonNode event : line.path("Events")) {
                    if (event.path("Topic").asText().equals("Allocation")) {
                        JsonNode alloc = event.at("/Payload/Allocation");
                        assertThat(alloc.has("Job")).isFalse();
                        assertThat(event.path("FilterKeys").get(0).asText()).isEqualTo(id);
                        assertThat(event.path("Key")).isEqualTo(alloc.path("ID"));
                        told.add(event.path("Type").asText() + " " + status(alloc));
                    }
                }
            }
            assertThat(told).startsWith("PlanResult pending").endsWith("AllocationUpdated running");
        }
        Answer bad = nomad().call("GET", "/v1/event/stream?topic=Bogus:*:x", "");
        assertThat(bad.status()).isEqualTo(400);
        assertThat(bad.text())
                .isEqualTo(
                        "Invalid topic query: error parsing topics: Invalid key value pair for topic, topic: Bogus:*:x");
    }

    @Test
    void givenLogs_whenReadInTheirForms_thenTheyAreAsRecorded() throws Exception {
        Recording recording = Recording.of("10-logs-fs-stats");
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, "for i in 1 2 3; do echo line $i; done; echo err >&2; sleep 60"));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        String base = "/v1/client/fs/logs/" + alloc.path("ID").asText();
        Nomad.await(() -> logs(alloc, "stdout").contains("line 3") ? true : null);
        JsonNode frame = nomad().get(base + "?task=fn&type=stdout");
        assertThat(new String(frame.path("Data").binaryValue(), StandardCharsets.UTF_8))
                .isEqualTo("line 1\nline 2\nline 3\n");
        assertThat(frame.path("File").asText()).isEqualTo("alloc/logs/fn.stdout.0");
        assertThat(frame.path("Offset").asInt()).isEqualTo(21);
        assertThat(nomad().call("GET", base + "?task=fn&type=stdout&plain=true&origin=end&offset=7", "")
                        .text())
                .isEqualTo("line 3\n");
        assertThat(nomad().call("GET", base + "?task=fn&type=stdout&plain=true&offset=7", "")
                        .text())
                .isEqualTo("line 2\nline 3\n");
        String recordedBase = recording.get(4).target().replaceFirst("\\?.*", "");
        for (int number : new int[] {4, 5, 6, 7}) {
            Exchange exchange = recording.get(number);
            Answer answer = nomad().call("GET", exchange.target().replace(recordedBase, base), "");
            assertThat(answer.text()).isEqualTo(exchange.answer().asText());
            assertThat(answer.status()).isEqualTo(exchange.status());
        }
        Exchange unknown = recording.get(8);
        assertThat(nomad().call("GET", unknown.target(), "").text())
                .isEqualTo(unknown.answer().asText());
        assertThat(nomad().call(
                                "GET",
                                "/v1/client/fs/cat/" + alloc.path("ID").asText() + "?path=../../../etc/hostname",
                                "")
                        .text())
                .isEqualTo("Path escapes the alloc directory");
    }

    @Test
    void givenAFollowedLog_whenTheTaskWrites_thenItArrives() throws Exception {
        String id = newJob();
        nomad().post("/v1/jobs", Nomad.job(id, 1, "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done"));
        JsonNode alloc = nomad().awaitAlloc(id, a -> status(a).equals("running"));
        try (BufferedReader lines = nomad().stream("/v1/client/fs/logs/"
                + alloc.path("ID").asText() + "?task=fn&type=stdout&follow=true&plain=true&origin=start")) {
            assertThat(lines.readLine()).isEqualTo("line 1");
            assertThat(lines.readLine()).isEqualTo("line 2");
            assertThat(lines.readLine()).isEqualTo("line 3");
        }
    }

    // ---- everything else

    @Test
    void givenAVariable_whenWrittenWithCheckAndSet_thenConflictsShowTheStoredOne() {
        String path = "ct/" + newJob();
        String body = Json.object("Items", Json.object("k", "v")).toString();
        Answer created = nomad().call("PUT", "/v1/var/" + path + "?cas=0", body);
        assertThat(created.status()).isEqualTo(200);
        assertAlike(Recording.of("18-variables").get(2).answer(), created.json(), "Path", "Items");
        Answer conflict = nomad().call("PUT", "/v1/var/" + path + "?cas=0", body);
        assertThat(conflict.status()).isEqualTo(409);
        assertThat(conflict.json().path("Items").path("k").asText()).isEqualTo("v");
        long index = created.json().path("ModifyIndex").asLong();
        assertThat(nomad().call("PUT", "/v1/var/" + path + "?cas=" + index, body)
                        .status())
                .isEqualTo(200);
        JsonNode listed = nomad().get("/v1/vars?prefix=" + path).get(0);
        assertThat(listed.has("Items")).isFalse();
        assertThat(nomad().call("DELETE", "/v1/var/" + path, "").status()).isEqualTo(204);
        Answer gone = nomad().call("GET", "/v1/var/" + path, "");
        assertThat(gone.status()).isEqualTo(404);
        assertThat(gone.text()).isEqualTo("variable not found");
    }

    @Test
    void givenAnAgent_whenAskedAboutItself_thenItIsHealthyAndHasALeaderAndANode() {
        Recording recording = Recording.of("20-agent-status");
        assertAlike(recording.get(1).answer(), nomad().get("/v1/agent/health"));
        assertAlike(recording.get(2).answer(), nomad().get("/v1/agent/health?type=server"));
        assertAlike(recording.get(7).answer(), nomad().get("/v1/regions"));
        assertThat(nomad().get("/v1/status/leader").asText()).contains(":");
        assertThat(nomad().get("/v1/agent/self").at("/config/Version/Version").asText())
                .isNotEmpty();
        JsonNode node = nomad().get("/v1/nodes?resources=true").get(0);
        assertThat(node.at("/NodeResources/Cpu/CpuShares").asLong()).isPositive();
        assertThat(node.at("/NodeResources/Memory/MemoryMB").asLong()).isPositive();
        assertThat(node.at("/Drivers/raw_exec/Healthy").asBoolean()).isTrue();
        assertThat(nomad().get("/v1/node/" + node.path("ID").asText())
                        .at("/Attributes/kernel.name")
                        .asText())
                .isEqualTo("linux");
        assertThat(nomad().get("/v1/operator/scheduler/configuration")
                        .at("/SchedulerConfig/SchedulerAlgorithm")
                        .asText())
                .isNotEmpty();
        assertThat(nomad().call("PATCH", "/v1/jobs", "{}").status()).isEqualTo(405);
        assertThat(nomad().call("GET", "/v1/nope", "").status()).isEqualTo(404);
        assertThat(nomad().call("GET", "/v1/job/fn-zero/scale/x", "").text()).isEqualTo("job not found");
    }
}
