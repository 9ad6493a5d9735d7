// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.Map;
import java.util.TreeMap;

/** What the server's readiness page says. Without our checks in it the application is not there yet. */
record Readiness(Map<String, Boolean> checks) {
    static final Readiness NONE = new Readiness(Map.of());

    Readiness {
        checks = new TreeMap<>(checks);
    }

    static Readiness of(String body) {
        if (!body.startsWith("{")) {
            return NONE;
        }
        var checks = new TreeMap<String, Boolean>();
        for (var check : Json.parse(body).path("checks")) {
            checks.put(
                    check.path("name").asText(), check.path("status").asText().equals("UP"));
        }
        return new Readiness(checks);
    }

    boolean isReady() {
        return checks.getOrDefault("database", false) && checks.getOrDefault("cluster", false);
    }

    @Override
    public String toString() {
        if (checks.isEmpty()) {
            return "the application does not answer";
        }
        var text = new StringBuilder();
        checks.forEach((name, up) ->
                text.append(text.isEmpty() ? "" : ", ").append(name).append(up ? " up" : " DOWN"));
        return text.toString();
    }
}
