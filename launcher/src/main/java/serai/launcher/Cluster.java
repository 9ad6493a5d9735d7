// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/** The Nomad HTTP API that the server will use: where it is and how it is entered. */
record Cluster(String address, Map<String, String> access, String driver) {
    /** Of the agents that we start. */
    static final String DRIVER = "raw_exec";

    /** Nomad's own variables and our settings for the same. */
    private static final Map<String, String> ACCESS = Map.of(
            "NOMAD_TOKEN", "SERAI_NOMAD_TOKEN",
            "NOMAD_NAMESPACE", "SERAI_NOMAD_NAMESPACE",
            "NOMAD_REGION", "SERAI_NOMAD_REGION",
            "NOMAD_CACERT", "SERAI_NOMAD_CA_CERTIFICATE",
            "NOMAD_CLIENT_CERT", "SERAI_NOMAD_CLIENT_CERTIFICATE",
            "NOMAD_CLIENT_KEY", "SERAI_NOMAD_CLIENT_KEY");

    static Cluster local(int port) {
        return new Cluster("http://127.0.0.1:" + port, Map.of(), DRIVER);
    }

    static Cluster external(String address, Settings settings) {
        if (!address.matches("https?://[^/\\s]+/*")) {
            throw Failure.because("NOMAD_ADDR=%s is not of the form http://host:port", address);
        }
        var access = new TreeMap<String, String>();
        ACCESS.forEach((nomad, ours) -> settings.text(nomad).ifPresent(value -> access.put(ours, value)));
        return new Cluster(address.replaceAll("/+$", ""), access, driver(settings));
    }

    /** By which the server will start the runner. */
    static String driver(Settings settings) {
        return settings.text("SERAI_NOMAD_DRIVER").orElse(DRIVER);
    }

    boolean isReady() {
        return trouble().isEmpty();
    }

    /**
     * A cluster behind mutual TLS is left to the server's own check.
     *
     * @return why it takes no containers now, and what to do about it; empty if it does
     */
    String trouble() {
        if (access.containsKey("SERAI_NOMAD_CA_CERTIFICATE") || access.containsKey("SERAI_NOMAD_CLIENT_CERTIFICATE")) {
            return "";
        }
        return get("/v1/nodes")
                .map(answer -> trouble(answer.statusCode(), answer.body(), driver))
                .orElse("does not answer: is it running, and reachable from here?");
    }

    /** @param nodes the answer to /v1/nodes, with each node's status, eligibility and drivers */
    static String trouble(int status, String nodes, String driver) {
        if (status == 403) {
            return "refuses the token: set NOMAD_TOKEN to one that may read nodes, submit jobs and write variables";
        }
        if (status != 200) {
            return "answers /v1/nodes with status " + status + ": is this the HTTP API of Nomad?";
        }
        var open = StreamSupport.stream(Json.parse(nodes).spliterator(), false)
                .filter(node -> node.path("Status").asText().equals("ready"))
                .filter(node -> node.path("SchedulingEligibility").asText().equals("eligible"))
                .toList();
        if (open.isEmpty()) {
            return "has no node that is ready and eligible: see nomad node status";
        }
        if (open.stream()
                .noneMatch(node ->
                        node.path("Drivers").path(driver).path("Healthy").asBoolean())) {
            return "has no node with the driver %s: enable its plugin in the clients' configuration".formatted(driver);
        }
        return "";
    }

    /** Lets those nodes take work again that their own end has closed; what a person has closed stays closed. */
    void open() {
        get("/v1/nodes")
                .filter(answer -> answer.statusCode() == 200)
                .map(answer -> closedByTheirEnd(answer.body()))
                .orElse(List.of())
                .forEach(node -> Http.post(
                        address + "/v1/node/" + node + "/eligibility",
                        Duration.ofSeconds(5),
                        "{\"Eligibility\":\"eligible\"}"));
    }

    /** @return the nodes' ids */
    static List<String> closedByTheirEnd(String nodes) {
        return StreamSupport.stream(Json.parse(nodes).spliterator(), false)
                .filter(node -> node.path("Status").asText().equals("ready"))
                .filter(node -> node.path("SchedulingEligibility").asText().equals("ineligible"))
                .filter(node -> node.at("/LastDrain/Meta/message").asText().equals("shutting down"))
                .map(node -> node.path("ID").asText())
                .toList();
    }

    Optional<String> version() {
        return get("/v1/agent/self")
                .filter(answer -> answer.statusCode() == 200)
                .map(answer -> Json.parse(answer.body()))
                .map(self -> self.at("/config/Version"))
                .map(version -> version.isObject() ? version.path("Version").asText() : version.asText())
                .filter(version -> !version.isEmpty());
    }

    private Optional<HttpResponse<String>> get(String path) {
        var token = access.get("SERAI_NOMAD_TOKEN");
        var headers = token == null ? new String[0] : new String[] {"X-Nomad-Token", token};
        return Http.get(address + path, Duration.ofSeconds(5), headers);
    }
}
