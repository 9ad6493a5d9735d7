// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
}
