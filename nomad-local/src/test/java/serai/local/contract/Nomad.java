// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import serai.local.doc.Json;

/** A Nomad, over plain HTTP. */
final class Nomad {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final String address;

    Nomad(String address) {
        this.address = address;
    }

    /** An answer. */
    record Answer(int status, String text, HttpResponse<?> response) {
        JsonNode json() {
            try {
                return Json.MAPPER.readTree(text);
            } catch (IOException e) {
                throw new AssertionError(status + " " + text, e);
            }
        }

        long index() {
            return response.headers().firstValueAsLong("X-Nomad-Index").orElse(-1);
        }
    }

    Answer call(String method, String target, String body) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(address + target))
                    .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                    .timeout(Duration.ofSeconds(60))
                    .build();
            HttpResponse<String> response = CLIENT.send(request, BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body(), response);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(method + " " + target, e);
        }
    }

    JsonNode get(String target) {
        Answer answer = call("GET", target, "");
        if (answer.status() != 200) {
            throw new AssertionError(target + ": " + answer.status() + " " + answer.text());
        }
        return answer.json();
    }

    JsonNode post(String target, JsonNode body) {
        Answer answer = call("POST", target, body.toString());
        if (answer.status() != 200) {
            throw new AssertionError(target + ": " + answer.status() + " " + answer.text());
        }
        return answer.json();
    }

    JsonNode scale(String job, int count) {
        return post("/v1/job/" + job + "/scale", scaling(count));
    }

    Answer tryToScale(String job, int count) {
        return call("POST", "/v1/job/" + job + "/scale", scaling(count).toString());
    }

    private static JsonNode scaling(int count) {
        return Json.object("Count", count, "Target", Json.object("Group", "pool"));
    }

    /** The one allocation of the job that {@code wanted} accepts, as soon as there is one. */
    JsonNode awaitAlloc(String job, Predicate<JsonNode> wanted) {
        return await(() -> {
            for (JsonNode alloc : get("/v1/job/" + job + "/allocations")) {
                if (wanted.test(alloc)) {
                    return alloc;
                }
            }
            return null;
        });
    }

    JsonNode awaitEvaluation(String id) {
        return await(() -> {
            JsonNode evaluation = get("/v1/evaluation/" + id);
            return evaluation.path("Status").asText().equals("pending") ? null : evaluation;
        });
    }

    static <T> T await(Callable<T> condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        try {
            while (true) {
                T value = condition.call();
                if (value != null) {
                    return value;
                }
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("waited in vain");
                }
                Thread.sleep(10);
            }
        } catch (AssertionError e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** The lines of a stream, read as they come. */
    BufferedReader stream(String target) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(address + target)).build();
        return new BufferedReader(new InputStreamReader(
                CLIENT.send(request, BodyHandlers.ofInputStream()).body(), StandardCharsets.UTF_8));
    }

    /** A service job of one group {@code pool} with one task {@code fn} that runs the shell script. */
    static ObjectNode job(String id, int count, String script, Object... task) {
        ObjectNode fn = Json.object(
                "Name", "fn",
                "Driver", "raw_exec",
                "Config", Json.object("command", "/bin/sh", "args", new String[] {"-c", script}),
                "Resources", Json.object("CPU", 50, "MemoryMB", 32),
                "LogConfig", Json.object("MaxFiles", 2, "MaxFileSizeMB", 2));
        fn.setAll(Json.object(task));
        ObjectNode group = Json.object(
                "Name", "pool",
                "Count", count,
                "Tasks", new Object[] {fn},
                "Scaling", Json.object("Enabled", true, "Min", 0, "Max", 10, "Policy", Json.object()),
                "RestartPolicy", Json.object("Attempts", 0, "Interval", 30_000_000_000L, "Delay", 0, "Mode", "fail"),
                "ReschedulePolicy", Json.object("Attempts", 0, "Unlimited", false),
                "Update", Json.object("MaxParallel", 0),
                "EphemeralDisk", Json.object("SizeMB", 10));
        return Json.object(
                "Job",
                Json.object(
                        "ID",
                        id,
                        "Name",
                        id,
                        "Type",
                        "service",
                        "Datacenters",
                        new String[] {"*"},
                        "TaskGroups",
                        new Object[] {group}));
    }
}
