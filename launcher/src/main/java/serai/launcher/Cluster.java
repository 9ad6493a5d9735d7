// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The Nomad HTTP API that the server will use: where it is and how it is entered. */
record Cluster(String address, Map<String, String> access) {
    /** Nomad's own variables and our settings for the same. */
    private static final Map<String, String> ACCESS = Map.of(
            "NOMAD_TOKEN", "SERAI_NOMAD_TOKEN",
            "NOMAD_NAMESPACE", "SERAI_NOMAD_NAMESPACE",
            "NOMAD_REGION", "SERAI_NOMAD_REGION",
            "NOMAD_CACERT", "SERAI_NOMAD_CA_CERTIFICATE",
            "NOMAD_CLIENT_CERT", "SERAI_NOMAD_CLIENT_CERTIFICATE",
            "NOMAD_CLIENT_KEY", "SERAI_NOMAD_CLIENT_KEY");

    static Cluster local(int port) {
        return new Cluster("http://127.0.0.1:" + port, Map.of());
    }

    static Cluster external(String address, Settings settings) {
        var access = new TreeMap<String, String>();
        ACCESS.forEach((nomad, ours) -> settings.text(nomad).ifPresent(value -> access.put(ours, value)));
        return new Cluster(address.replaceAll("/+$", ""), access);
    }

    /** Whether it answers and has a node that takes work. A cluster behind mutual TLS is left to the server's own check. */
    boolean isReady() {
        if (access.containsKey("SERAI_NOMAD_CA_CERTIFICATE") || access.containsKey("SERAI_NOMAD_CLIENT_CERTIFICATE")) {
            return true;
        }
        return get("/v1/nodes").filter(nodes -> nodes.contains("\"ready\"")).isPresent();
    }

    Optional<String> version() {
        return get("/v1/agent/self")
                .map(Json::parse)
                .map(self -> self.at("/config/Version"))
                .map(version -> version.isObject() ? version.path("Version").asText() : version.asText())
                .filter(version -> !version.isEmpty());
    }

    private Optional<String> get(String path) {
        var token = access.get("SERAI_NOMAD_TOKEN");
        var headers = token == null ? new String[0] : new String[] {"X-Nomad-Token", token};
        return Http.get(address + path, Duration.ofSeconds(5), headers)
                .filter(answer -> answer.statusCode() == 200)
                .map(java.net.http.HttpResponse::body);
    }
}
