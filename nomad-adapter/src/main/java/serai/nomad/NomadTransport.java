// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import com.hashicorp.nomad.javasdk.ErrorResponseException;
import com.hashicorp.nomad.javasdk.NomadApiClient;
import com.hashicorp.nomad.javasdk.NomadApiConfiguration;
import com.hashicorp.nomad.javasdk.NomadException;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.apache.http.Header;
import org.apache.http.HttpResponse;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpUriRequest;
import org.apache.http.client.methods.RequestBuilder;
import org.apache.http.client.utils.URIBuilder;
import org.apache.http.entity.ContentType;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.DefaultHttpRequestRetryHandler;
import org.apache.http.impl.client.HttpClientBuilder;
import org.apache.http.util.EntityUtils;
import serai.config.NomadConfig;

/**
 * One connection pool to Nomad, for the SDK and for what the SDK does not know: variables, events, {@code PreserveCounts}.
 * Every failure becomes a {@link NomadUnreachable} or a {@link NomadRefused}. Its methods are public for the server's
 * proxy, which may live in another class loader.
 */
@ApplicationScoped
public class NomadTransport {
    /** The SDK's own client has two: a pair of slow calls would hold up all others. */
    private static final int CONNECTIONS = 32;

    private static final Duration CONNECT = Duration.ofSeconds(1);

    /** Of silence. Connecting and waiting stay below {@link NomadApi#TIMEOUT_MS}, which cannot end a read by itself. */
    private static final Duration ANSWER = Duration.ofSeconds(3);

    private final NomadConfig settings;
    private final CloseableHttpClient http;
    private final NomadApiClient sdk;

    @Inject
    public NomadTransport(NomadConfig settings) {
        this.settings = settings;
        this.http = client(settings);
        this.sdk = new NomadApiClient(sdkSettings(settings), http);
    }

    /** For the server's proxy. */
    public NomadTransport() {
        this.settings = null;
        this.http = null;
        this.sdk = null;
    }

    private static CloseableHttpClient client(NomadConfig settings) {
        return HttpClientBuilder.create()
                .setMaxConnPerRoute(CONNECTIONS)
                .setMaxConnTotal(CONNECTIONS)
                .setDefaultRequestConfig(waiting(ANSWER))
                // For a kept connection that the agent has closed meanwhile. Repeating is safe, as every call sets a
                // total; refused connections and timeouts are not repeated here.
                .setRetryHandler(new DefaultHttpRequestRetryHandler(1, true))
                .setSSLContext(AgentTls.context(settings))
                .disableCookieManagement()
                .disableRedirectHandling()
                .build();
    }

    private static RequestConfig waiting(Duration silence) {
        return RequestConfig.custom()
                .setConnectTimeout(Math.toIntExact(CONNECT.toMillis()))
                .setConnectionRequestTimeout(Math.toIntExact(CONNECT.toMillis()))
                .setSocketTimeout(Math.toIntExact(silence.toMillis()))
                .build();
    }

    private static NomadApiConfiguration sdkSettings(NomadConfig settings) {
        var sdk = new NomadApiConfiguration.Builder()
                .setAddress(settings.address().toString())
                .setNamespace(settings.namespace());
        settings.region().ifPresent(sdk::setRegion);
        settings.token().ifPresent(sdk::setAuthToken);
        return sdk.build();
    }

    /** A call of the SDK. */
    @FunctionalInterface
    public interface SdkCall<T> {
        T with(NomadApiClient sdk) throws IOException, NomadException;
    }

    /** A body and the index of the state that it shows; 0 where Nomad sends none. */
    public record Answer(String body, long index) {}

    public <T> T sdk(SdkCall<T> call) {
        return translated(() -> call.with(sdk));
    }

    public Answer get(String path, Map<String, String> query) {
        return send(request("GET", path, query));
    }

    public void put(String path, String json) {
        send(request("PUT", path, Map.of()).setEntity(new StringEntity(json, ContentType.APPLICATION_JSON)));
    }

    public void delete(String path) {
        send(request("DELETE", path, Map.of()));
    }

    /** A request that is answered for as long as both sides like; whoever sends it with {@link #open} closes the answer. */
    public HttpUriRequest stream(String path, Map<String, String> query, Duration silence) {
        return request("GET", path, query).setConfig(waiting(silence)).build();
    }

    public CloseableHttpResponse open(HttpUriRequest stream) {
        return translated(() -> {
            var response = http.execute(stream);
            try {
                check(response);
                return response;
            } catch (IOException | RuntimeException e) {
                response.close();
                throw e;
            }
        });
    }

    @PreDestroy
    public void close() {
        try {
            http.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Answer send(RequestBuilder request) {
        return translated(() -> {
            try (var response = http.execute(request.build())) {
                check(response);
                return new Answer(body(response), index(response));
            }
        });
    }

    private RequestBuilder request(String method, String path, Map<String, String> query) {
        var uri = new URIBuilder(settings.address()).setPath(path);
        query.forEach(uri::addParameter);
        uri.addParameter("namespace", settings.namespace());
        settings.region().ifPresent(region -> uri.addParameter("region", region));
        var request = RequestBuilder.create(method).setUri(URI.create(uri.toString()));
        settings.token().ifPresent(token -> request.addHeader("X-Nomad-Token", token));
        return request;
    }

    private static void check(HttpResponse response) throws IOException {
        int status = response.getStatusLine().getStatusCode();
        if (status >= 300) {
            throw failure(status, body(response), null);
        }
    }

    private static String body(HttpResponse response) throws IOException {
        return response.getEntity() == null ? "" : EntityUtils.toString(response.getEntity());
    }

    private static long index(HttpResponse response) {
        Header index = response.getFirstHeader("X-Nomad-Index");
        return index == null ? 0 : Long.parseLong(index.getValue());
    }

    private <T> T translated(SdkAnswer<T> call) {
        try {
            return call.get();
        } catch (ErrorResponseException e) {
            throw failure(e.getServerErrorCode(), e.getServerErrorMessage(), e);
        } catch (IOException | NomadException e) {
            throw new NomadUnreachable("%s: %s".formatted(settings.address(), e.getMessage()), e);
        }
    }

    @FunctionalInterface
    private interface SdkAnswer<T> {
        T get() throws IOException, NomadException;
    }

    /** A 500 is a refusal in Nomad, of a job that breaks a rule for example, unless it is about Nomad's own state. */
    private static RuntimeException failure(int status, String words, Exception cause) {
        boolean notNow = status == 429
                || status > 500
                || words.contains("No cluster leader")
                || words.contains("Not ready to serve");
        var stripped = words.strip();
        return notNow ? new NomadUnreachable(stripped, cause) : new NomadRefused(status, stripped);
    }
}
