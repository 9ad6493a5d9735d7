// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import serai.local.ForkedAgent;
import serai.local.doc.Json;

/** What becomes of tasks when the agent goes: never two of them, never one that nobody knows. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RestartTest {
    private static final String TICKING =
            "trap 'echo got-int; exit 0' INT; echo pid=$$; i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done";

    @TempDir
    Path data;

    private static String logs(Nomad nomad, JsonNode alloc) {
        String id = alloc.path("ID").asText();
        return nomad.call("GET", "/v1/client/fs/logs/" + id + "?task=fn&type=stdout&plain=true", "")
                .text();
    }

    private static long pid(Nomad nomad, JsonNode alloc) {
        String text = Nomad.await(() -> logs(nomad, alloc).contains("tick 1\n") ? logs(nomad, alloc) : null);
        return Long.parseLong(text.lines().findFirst().orElseThrow().substring("pid=".length()));
    }

    private static boolean alive(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    private static JsonNode instance(Nomad nomad, String job, int index) {
        return nomad.awaitAlloc(
                job,
                a -> a.path("Name").asText().endsWith("[" + index + "]")
                        && a.path("ClientStatus").asText().equals("running"));
    }

    @Test
    void givenRunningTasks_whenTheAgentIsKilledAndStartedAgain_thenTheyGoOnAndTheDeadOneIsReportedWithItsStatus()
            throws Exception {
        long first;
        long second;
        try (ForkedAgent agent = ForkedAgent.start(data)) {
            Nomad nomad = new Nomad(agent.address());
            nomad.post("/v1/jobs", Nomad.job("keep", 2, TICKING));
            first = pid(nomad, instance(nomad, "keep", 0));
            second = pid(nomad, instance(nomad, "keep", 1));
            agent.kill();
        }
        assertThat(alive(first)).isTrue();
        ProcessHandle.of(second).orElseThrow().destroyForcibly();
        Nomad.await(() -> alive(second) ? null : true);

        try (ForkedAgent agent = ForkedAgent.start(data)) {
            Nomad nomad = new Nomad(agent.address());
            JsonNode dead = nomad.awaitAlloc(
                    "keep", a -> a.path("ClientStatus").asText().equals("failed"));
            assertThat(dead.path("Name").asText()).isEqualTo("keep.pool[1]");
            List<String> events = Json.each(dead.at("/TaskStates/fn/Events"))
                    .map(e -> e.path("DisplayMessage").asText())
                    .toList();
            assertThat(events).contains("Exit Code: 137, Signal: 9");
            JsonNode alive = instance(nomad, "keep", 0);
            assertThat(alive.at("/TaskStates/fn/Restarts").asInt()).isZero();
            int ticks = logs(nomad, alive).length();
            Nomad.await(() -> logs(nomad, alive).length() > ticks ? true : null);
            assertThat(logs(nomad, alive)).startsWith("pid=" + first + "\ntick 1\ntick 2\n");
            assertThat(Json.each(nomad.get("/v1/job/keep/allocations"))).hasSize(2);
            nomad.scale("keep", 0);
            nomad.awaitAlloc("keep", a -> a.path("ClientStatus").asText().equals("complete"));
            assertThat(alive(first)).isFalse();
            assertThat(logs(nomad, alive)).endsWith("got-int\n");
        }
    }

    @Test
    void givenARunningTask_whenTheAgentIsToldToStop_thenTheTaskEndsFirst_andTheNextAgentStartsAnother()
            throws Exception {
        ForkedAgent agent = ForkedAgent.start(data);
        Nomad nomad = new Nomad(agent.address());
        nomad.post("/v1/jobs", Nomad.job("gone", 1, TICKING));
        long pid = pid(nomad, instance(nomad, "gone", 0));
        assertThat(agent.stop()).isZero();
        assertThat(alive(pid)).isFalse();

        try (ForkedAgent next = ForkedAgent.start(data)) {
            Nomad again = new Nomad(next.address());
            JsonNode replacement = instance(again, "gone", 0);
            assertThat(pid(again, replacement)).isNotEqualTo(pid);
            assertThat(Json.each(again.get("/v1/job/gone/allocations"))
                            .filter(a -> a.path("DesiredStatus").asText().equals("run")))
                    .hasSize(1);
        }
    }

    @Test
    void givenAnAgentThatWasStartedWithInterruptsIgnored_whenATaskIsStopped_thenItStillGetsTheInterrupt()
            throws Exception {
        try (ForkedAgent agent = ForkedAgent.start(data, "/bin/sh", "-c", "trap '' INT QUIT; exec \"$@\"", "sh")) {
            Nomad nomad = new Nomad(agent.address());
            // sleep has no handler: only a default disposition ends it
            nomad.post("/v1/jobs", Nomad.job("sig", 1, "echo started; exec sleep 60", "KillTimeout", 20_000_000_000L));
            JsonNode alloc = instance(nomad, "sig", 0);
            Nomad.await(() -> logs(nomad, alloc).contains("started") ? true : null);
            nomad.scale("sig", 0);
            JsonNode done =
                    nomad.awaitAlloc("sig", a -> a.path("ClientStatus").asText().equals("complete"));
            assertThat(Json.each(done.at("/TaskStates/fn/Events"))
                            .map(e -> e.path("DisplayMessage").asText()))
                    .contains("Exit Code: 130, Signal: 2");
        }
    }

    @Test
    void givenAJobThatIsPurgedWhileItsTaskIgnoresSignals_whenTheAgentIsKilled_thenTheNextOneEndsTheTask()
            throws Exception {
        long pid;
        try (ForkedAgent agent = ForkedAgent.start(data)) {
            Nomad nomad = new Nomad(agent.address());
            String stubborn = "trap '' INT; echo pid=$$; i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done";
            nomad.post("/v1/jobs", Nomad.job("stray", 1, stubborn, "KillTimeout", 20_000_000_000L));
            pid = pid(nomad, instance(nomad, "stray", 0));
            nomad.call("DELETE", "/v1/job/stray?purge=true", "");
            agent.kill();
        }
        assertThat(alive(pid)).isTrue();
        try (ForkedAgent agent = ForkedAgent.start(data)) {
            assertThat(agent.address()).isNotEmpty();
            Nomad.await(() -> alive(pid) ? null : true);
        }
    }

    /** The instance numbers of a job's processes. */
    private static List<String> shells(String job) throws IOException {
        return shells(job, "NOMAD_ALLOC_INDEX");
    }

    /** What Nomad puts into the environment says whose a process is. */
    private static List<String> shells(String job, String variable) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes.toList()) {
                String environment = environment(process);
                if (environment.contains("NOMAD_JOB_ID=" + job + "\0")
                        && command(process).contains("tick")
                        && leadsItsSession(process)) {
                    found.add(environment.replaceFirst("(?s).*" + variable + "=([^\0]*)\0.*", "$1"));
                }
            }
        }
        Collections.sort(found);
        return found;
    }

    private static String environment(Path process) {
        return read(process.resolve("environ"));
    }

    /** Not a child between its fork and its exec, which looks like its parent. */
    private static boolean leadsItsSession(Path process) {
        String stat = read(process.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        return fields.length > 3 && fields[3].equals(process.getFileName().toString());
    }

    private static String command(Path process) {
        return read(process.resolve("cmdline"));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // not a process, or gone
        }
    }

    @Test
    @Timeout(value = 240, unit = TimeUnit.SECONDS)
    void givenAnAgentThatIsKilledAgainAndAgain_whenItIsLeftInPeace_thenEveryInstanceIsThereOnceAndNothingElse()
            throws Exception {
        boolean whole = "1".equals(System.getenv("SERAI_TEST_FULL"));
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        String job = "storm" + Long.toString(seed, 36);
        ConcurrentLinkedQueue<String> doubled = new ConcurrentLinkedQueue<>();
        AtomicBoolean over = new AtomicBoolean();
        Thread watcher = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                try {
                    // an allocation has one process ever; an instance that ends may overlap with the next of its number
                    List<String> now = shells(job, "NOMAD_ALLOC_ID");
                    List<String> again = shells(job, "NOMAD_ALLOC_ID");
                    if (new HashSet<>(now).size() < now.size() && again.equals(now)) {
                        doubled.add(now.toString());
                    }
                    Thread.sleep(20);
                } catch (IOException | InterruptedException e) {
                    doubled.add(e.toString());
                }
            }
        });
        int count = 0;
        for (int round = 0; round < (whole ? 40 : 4); round++) {
            ForkedAgent agent = ForkedAgent.start(data);
            Nomad nomad = new Nomad(agent.address());
            if (round == 0) {
                nomad.post("/v1/jobs", Nomad.job(job, 0, TICKING));
            }
            for (int call = 0; call < 1 + random.nextInt(4); call++) {
                count = random.nextInt(6);
                nomad.scale(job, count);
            }
            Thread.sleep(random.nextInt(300)); // anywhere in the middle of what follows
            agent.kill();
        }
        int wanted = count;
        try (ForkedAgent agent = ForkedAgent.start(data)) {
            Nomad nomad = new Nomad(agent.address());
            List<String> indexes =
                    IntStream.range(0, wanted).mapToObj(Integer::toString).toList();
            Nomad.await(() -> shells(job).equals(indexes) ? true : null);
            Nomad.await(() -> Json.each(nomad.get("/v1/job/" + job + "/allocations"))
                                    .filter(a -> a.path("ClientStatus").asText().equals("running"))
                                    .count()
                            == wanted
                    ? true
                    : null);
            over.set(true);
            watcher.join();
            assertThat(doubled).isEmpty();
            nomad.call("DELETE", "/v1/job/" + job + "?purge=true", "");
            Nomad.await(() -> shells(job).isEmpty() ? true : null);
        }
    }

    @Test
    void givenAProcessThatLeftItsTasksSession_whenTheTaskEnds_thenItEndsToo_andSoWhenTheAgentWasAwayMeanwhile()
            throws Exception {
        String leaving = "setsid sh -c 'while true; do sleep 0.1; done # tick' & echo pid=$$; echo tick 1; sleep 1000";
        long main;
        try (ForkedAgent agent = ForkedAgent.start(data)) {
            Nomad nomad = new Nomad(agent.address());
            nomad.post("/v1/jobs", Nomad.job("leaving", 1, leaving));
            JsonNode first = instance(nomad, "leaving", 0);
            pid(nomad, first);
            nomad.scale("leaving", 0);
            nomad.awaitAlloc("leaving", a -> a.path("ClientStatus").asText().equals("complete"));
            Nomad.await(() -> shells("leaving").isEmpty() ? true : null);
            nomad.scale("leaving", 1);
            main = pid(
                    nomad,
                    nomad.awaitAlloc(
                            "leaving", a -> a.path("ClientStatus").asText().equals("running")));
            agent.kill();
        }
        ProcessHandle.of(main).orElseThrow().destroyForcibly();
        Nomad.await(() -> alive(main) ? null : true);
        assertThat(shells("leaving")).isNotEmpty();
        try (ForkedAgent agent = ForkedAgent.start(data)) {
            assertThat(agent.address()).isNotEmpty();
            Nomad.await(() -> shells("leaving").isEmpty() ? true : null);
        }
    }

    @Test
    void givenADiskThatIsFull_whenSomethingIsAsked_thenTheAnswerSaysSoAndNothingIsDamaged_andItGoesOnWhenThereIsRoom()
            throws Exception {
        // a file may not grow beyond this: for the journal the same as a full disk, and it can be taken back
        try (ForkedAgent agent = ForkedAgent.start(data, "prlimit", "--fsize=600000:unlimited", "--")) {
            Nomad nomad = new Nomad(agent.address());
            nomad.post("/v1/jobs", Nomad.job("full", 2, TICKING));
            long pid = pid(nomad, instance(nomad, "full", 0));
            instance(nomad, "full", 1);
            String large =
                    Json.object("Items", Json.object("k", "x".repeat(60_000))).toString();
            int stored = 0;
            Nomad.Answer refused;
            do {
                refused = nomad.call("PUT", "/v1/var/full/" + stored, large);
                stored += refused.status() == 200 ? 1 : 0;
            } while (refused.status() == 200 && stored < 100);
            assertThat(refused.status()).isEqualTo(500);
            assertThat(refused.text()).startsWith("the agent's state cannot be written, nothing was changed: ");
            assertThat(nomad.call("GET", "/v1/var/full/" + stored, "").status()).isEqualTo(404);
            fill(nomad);
            assertThat(nomad.tryToScale("full", 0).status()).isEqualTo(500);
            assertThat(nomad.get("/v1/job/full/scale")
                            .at("/TaskGroups/pool/Desired")
                            .asInt())
                    .isEqualTo(2);
            assertThat(alive(pid)).isTrue();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly(); // an end that cannot be written down yet
            Nomad.await(() -> alive(pid) ? null : true);

            agent.run("prlimit", "--fsize=unlimited", "--pid");
            nomad.awaitAlloc("full", a -> a.path("ClientStatus").asText().equals("failed"));
            assertThat(nomad.call("PUT", "/v1/var/full/" + stored, large).status())
                    .isEqualTo(200);
            nomad.scale("full", 1);
            nomad.awaitAlloc("full", a -> a.path("ClientStatus").asText().equals("complete"));
            agent.kill();
            try (ForkedAgent next = ForkedAgent.start(data)) {
                Nomad again = new Nomad(next.address());
                assertThat(Json.each(again.get("/v1/vars?prefix=full/"))).hasSize(stored + 1);
                assertThat(again.get("/v1/job/full/scale")
                                .at("/TaskGroups/pool/Desired")
                                .asInt())
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void givenAPurgedJob_whenItsTaskEndsOnAFullDisk_thenItsFilesGoAtOnce_andWhatItHeldIsFreeWhenThereIsRoom()
            throws Exception {
        try (ForkedAgent agent = ForkedAgent.start(data)) {
            Nomad nomad = new Nomad(agent.address());
            String stubborn = "trap '' INT; echo pid=$$; i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done";
            nomad.post("/v1/jobs", Nomad.job("large", 1, stubborn, "KillTimeout", 4_000_000_000L));
            JsonNode alloc = instance(nomad, "large", 0);
            pid(nomad, alloc);
            Path files = data.resolve("alloc").resolve(alloc.path("ID").asText());
            assertThat(files).exists();
            nomad.call("DELETE", "/v1/job/large?purge=true", "");
            agent.run("prlimit", "--fsize=1:unlimited", "--pid"); // while the task is still there

            Nomad.await(() -> Files.exists(files) ? null : true);
            assertThat(usedMemory(nomad)).isEqualTo(32);

            agent.run("prlimit", "--fsize=unlimited", "--pid");
            Nomad.await(() -> usedMemory(nomad) == 0 ? true : null);
        }
    }

    private static int usedMemory(Nomad nomad) {
        return nomad.get("/local/v1/nodes").at("/0/memoryMb/used").asInt();
    }

    /** Until not even a small change has room. */
    private static void fill(Nomad nomad) {
        String small = Json.object("Items", Json.object("k", "x")).toString();
        int status;
        int number = 0;
        do {
            status = nomad.call("PUT", "/v1/var/small/" + number++, small).status();
        } while (status == 200 && number < 10_000);
        assertThat(status).isEqualTo(500);
    }
}
