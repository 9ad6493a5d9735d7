// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** A token of one workspace, as the server hands it out. */
record Login(
        @JsonProperty("token_id") String tokenId,
        @JsonProperty("token_secret") String tokenSecret,
        @JsonProperty("workspace") String workspace) {
    private static final String SECRET = "token-main.json";

    /** A new token; the workspace is created if it is not there. */
    static Login create(String server, String adminToken, String workspace) {
        var name = URLEncoder.encode(workspace, StandardCharsets.UTF_8).replace("+", "%20");
        var url = server + "/api/v1/workspaces/" + name + "/tokens";
        var answer = Http.post(
                        url,
                        Duration.ofSeconds(30),
                        "Authorization",
                        "Bearer " + adminToken,
                        "Accept",
                        "application/json")
                .orElseThrow(() ->
                        Failure.because("the server at %s does not answer: ./serai status says what runs", server));
        if (answer.statusCode() != 201) {
            throw Failure.because(
                    "no token for workspace %s: HTTP %d %s", workspace, answer.statusCode(), reason(answer.body()));
        }
        var json = Json.parse(answer.body());
        return new Login(
                json.path("token_id").asText(),
                json.path("token_secret").asText(),
                json.path("workspace").asText());
    }

    private static String reason(String body) {
        return body.startsWith("{")
                ? Json.parse(body).path("detail").asText(body)
                : Tail.of(body, 3).strip();
    }

    /** The one that this installation keeps for its own person; a token that the server no longer knows is replaced. */
    static Login kept(Secrets secrets, String server, String adminToken) {
        var kept = read(secrets);
        if (kept != null && kept.isKnownTo(server)) {
            return kept;
        }
        var created = create(server, adminToken, "main");
        secrets.keep(SECRET, Json.pretty(created));
        return created;
    }

    static Login read(Secrets secrets) {
        return secrets.read(SECRET)
                .map(Json::parse)
                .map(json -> new Login(
                        json.path("token_id").asText(),
                        json.path("token_secret").asText(),
                        json.path("workspace").asText()))
                .orElse(null);
    }

    /** Only a clear no is one: an answer of another kind says nothing about the token. */
    private boolean isKnownTo(String server) {
        return Http.get(server + "/api/v1/apps", Duration.ofSeconds(10), "Authorization", "Bearer " + bearer())
                .map(answer -> answer.statusCode() != 401)
                .orElse(true);
    }

    String bearer() {
        return tokenId + "." + tokenSecret;
    }

    /** What makes an ordinary client and curl work. */
    Map<String, String> environment(String rpc, String http, String web) {
        var environment = new LinkedHashMap<String, String>();
        environment.put("MODAL_SERVER_URL", rpc);
        environment.put("MODAL_TOKEN_ID", tokenId);
        environment.put("MODAL_TOKEN_SECRET", tokenSecret);
        environment.put("SERAI_API_URL", http);
        environment.put("SERAI_API_TOKEN", bearer());
        environment.put("SERAI_WEB_URL", web);
        return environment;
    }
}
