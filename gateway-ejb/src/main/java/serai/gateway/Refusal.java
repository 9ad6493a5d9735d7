// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import jakarta.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import serai.problem.ProblemException;

/**
 * What the gateway itself answers, as {@code application/problem+json}.
 *
 * @param name stable, for programs: {@code urn:serai:problem:<name>}
 * @param detail what the caller can do about it
 * @param fields further fields of the answer
 */
record Refusal(int status, String name, String title, String detail, Map<String, String> fields) {
    Refusal(int status, String name, String title, String detail) {
        this(status, name, title, detail, Map.of());
    }

    static Refusal of(ProblemException e) {
        var problem = e.problem();
        var name = problem.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        return new Refusal(problem.http, name, problem.title, e.getMessage());
    }

    static Refusal badRequest(String detail) {
        return new Refusal(400, "bad-request", "The request cannot be understood", detail);
    }

    static Refusal noSuchEndpoint(String name) {
        return new Refusal(
                404,
                "endpoint-not-found",
                "There is no such endpoint",
                "nothing is called by '%s' here".formatted(name));
    }

    static Refusal busy(String detail, Duration retryAfter) {
        return new Refusal(503, "function-busy", "The function cannot take the request now", detail)
                .with("retry-after", Long.toString(Math.max(1, retryAfter.toSeconds())));
    }

    static Refusal broken(String detail) {
        return new Refusal(502, "function-broken", "The function gave no answer", detail);
    }

    static Refusal failed() {
        return new Refusal(
                500,
                "function-failed",
                "The function failed",
                "the function raised an exception; its app's logs have it");
    }

    static Refusal timedOut(String detail) {
        return new Refusal(504, "function-timed-out", "The function took too long", detail);
    }

    Refusal with(String field, String value) {
        var more = new LinkedHashMap<>(fields);
        more.put(field, value);
        return new Refusal(status, name, title, detail, more);
    }

    byte[] body() {
        return Json.createObjectBuilder()
                .add("type", "urn:serai:problem:" + name)
                .add("title", title)
                .add("status", status)
                .add("detail", detail)
                .build()
                .toString()
                .getBytes(StandardCharsets.UTF_8);
    }
}
