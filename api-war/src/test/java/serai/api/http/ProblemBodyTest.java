// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.ws.rs.core.Response;
import java.io.StringReader;
import org.junit.jupiter.api.Test;

class ProblemBodyTest {
    @Test
    void givenAStatusOfHttp_thenItsNameIsTheType() {
        var body = ProblemBody.of(Response.Status.METHOD_NOT_ALLOWED, "not for PUT", "/api/v1/apps");
        try (var reader = Json.createReader(new StringReader(body.json()))) {
            var json = reader.readObject();
            assertThat(json.getString("type")).isEqualTo("urn:serai:problem:method-not-allowed");
            assertThat(json.getString("title")).isEqualTo("Method Not Allowed");
            assertThat(json.getInt("status")).isEqualTo(405);
            assertThat(json.getString("detail")).isEqualTo("not for PUT");
            assertThat(json.getString("instance")).isEqualTo("/api/v1/apps");
        }
    }

    @Test
    void givenWrongCredentials_thenTheAnswerNamesTheScheme() {
        var response = ProblemBody.of(Response.Status.UNAUTHORIZED, "no", "/")
                .response()
                .build();
        assertThat(response.getHeaderString("WWW-Authenticate")).isEqualTo("Bearer");
        assertThat(response.getMediaType()).hasToString("application/problem+json");
    }
}
