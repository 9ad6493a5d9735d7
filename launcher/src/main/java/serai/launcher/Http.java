// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;

/** Short questions to the parts. */
final class Http {
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    private Http() {}

    /** @return the answer, whatever its status; empty if nobody answers */
    static Optional<HttpResponse<String>> get(String url, Duration timeout, String... headers) {
        return send(request(url, timeout, headers).GET().build());
    }

    static Optional<HttpResponse<String>> post(String url, Duration timeout, String... headers) {
        return send(request(url, timeout, headers)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    }

    static Optional<HttpResponse<String>> post(String url, Duration timeout, String json) {
        return send(request(url, timeout, "Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build());
    }

    static Optional<HttpResponse<String>> postJson(String url, Duration timeout, String json, String authorization) {
        return send(request(url, timeout, "Content-Type", "application/json", "Authorization", authorization)
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build());
    }

    private static HttpRequest.Builder request(String url, Duration timeout, String... headers) {
        var builder = HttpRequest.newBuilder(URI.create(url)).timeout(timeout);
        return headers.length == 0 ? builder : builder.headers(headers);
    }

    private static Optional<HttpResponse<String>> send(HttpRequest request) {
        try {
            return Optional.of(CLIENT.send(request, HttpResponse.BodyHandlers.ofString()));
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Failure.from(e, "interrupted");
        }
    }
}
