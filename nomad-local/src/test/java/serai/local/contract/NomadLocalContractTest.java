// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serai.local.Agent;
import serai.local.doc.Json;

/** nomad-local, in this process. */
class NomadLocalContractTest extends NomadContract {
    private Agent agent;
    private Nomad nomad;

    @BeforeAll
    void start(@TempDir Path data) throws IOException {
        agent = Agent.start(new Agent.Settings("127.0.0.1", 0, data, "test", "0.0.0-test"));
        nomad = new Nomad("http://127.0.0.1:" + agent.port());
    }

    @AfterAll
    void stop() throws IOException {
        agent.close();
    }

    @Test
    void givenATaskThatWorks_whenItsUsageIsAskedTwice_thenTheSecondAnswerKnowsWhatItUsedMeanwhile() {
        nomad.post("/v1/jobs", Nomad.job("busy", 1, "while true; do :; done"));
        String id = nomad.awaitAlloc(
                        "busy", a -> a.path("ClientStatus").asText().equals("running"))
                .path("ID")
                .asText();
        JsonNode stats = Nomad.await(() -> {
            JsonNode now = nomad.get("/v1/client/allocation/" + id + "/stats");
            return now.at("/ResourceUsage/CpuStats/UserMode").asDouble() > 0 ? now : null;
        });
        assertThat(stats.at("/Tasks/fn/ResourceUsage/CpuStats/Percent").asDouble())
                .isPositive();
        assertThat(stats.at("/ResourceUsage/CpuStats/TotalTicks").asDouble()).isPositive();
        nomad.call("DELETE", "/v1/job/busy?purge=true", "");
    }

    @Test
    void givenAJobThatWaits_whenTheAgentsOwnApiIsAsked_thenItSaysWhyInWords() throws InterruptedException {
        nomad.post("/v1/jobs", Nomad.job("waits", 2, "true", "Resources", Json.object("CPU", 50, "MemoryMB", 900_000)));
        JsonNode state = nomad.get("/local/v1/state");
        JsonNode job = named(state.path("jobs"), "id", "waits");
        assertThat(job.at("/reasons/0").asText())
                .isEqualTo("pool: 2 without a place: memory is short (each asks for 900000 MB)");
        assertThat(job.path("wanted").asInt()).isEqualTo(2);
        JsonNode evaluation = named(nomad.get("/local/v1/evaluations"), "job", "waits");
        assertThat(evaluation.path("reasons").get(0)).isEqualTo(job.at("/reasons/0"));
        long index = state.at("/agent/index").asLong();
        Thread change = Thread.startVirtualThread(() -> nomad.scale("waits", 0));
        assertThat(nomad.call("GET", "/local/v1/jobs?wait=20s&index=" + index, "")
                        .index())
                .isGreaterThan(index);
        change.join();
        nomad.call("DELETE", "/v1/job/waits?purge=true", "");
    }

    @Test
    void givenAnInstanceThatFailed_whenTheAgentsOwnApiIsAsked_thenItsEventsAndTheReasonAreThere() {
        nomad.post("/v1/jobs", Nomad.job("fails", 1, "exit 3"));
        nomad.awaitAlloc("fails", a -> a.path("ClientStatus").asText().equals("failed"));
        JsonNode alloc = named(nomad.get("/local/v1/allocations"), "job", "fails");
        assertThat(alloc.path("reason").asText()).isEqualTo("Exit Code: 3");
        assertThat(Json.each(alloc.at("/tasks/0/events"))
                        .map(e -> e.path("type").asText()))
                .containsExactly("Received", "Task Setup", "Started", "Terminated", "Not Restarting");
        assertThat(named(nomad.get("/local/v1/jobs"), "id", "fails")
                        .at("/reasons/0")
                        .asText())
                .isEqualTo("fails.pool[0] failed: Exit Code: 3");
        nomad.call("DELETE", "/v1/job/fails?purge=true", "");
    }

    private static JsonNode named(JsonNode list, String field, String value) {
        return Json.each(list)
                .filter(entry -> entry.path(field).asText().equals(value))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void givenABrowser_whenItAsksForThePage_thenNothingOfItComesFromElsewhere_andItCannotChangeAnything() {
        Nomad.Answer page = nomad.call("GET", "/", "");
        assertThat(page.response().headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
        assertThat(page.response()
                        .headers()
                        .firstValue("Content-Security-Policy")
                        .orElse(""))
                .startsWith("default-src 'none'; script-src 'self';");
        assertThat(page.text())
                .contains("/local/page.js", "/local/page.css")
                .doesNotContain("http:", "https:", "type=\"module\"");
        assertThat(nomad.call("GET", "/local/page.js", "").text()).doesNotContain("innerHTML", "POST");
        assertThat(nomad.call("GET", "/local/page.css", "").status()).isEqualTo(200);
        assertThat(nomad.call("POST", "/", "").status()).isEqualTo(405);
        assertThat(nomad.call("GET", "/ui/", "").status()).isEqualTo(404);
    }

    @Override
    Nomad nomad() {
        return nomad;
    }
}
