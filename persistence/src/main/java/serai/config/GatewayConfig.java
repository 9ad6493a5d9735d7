// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The listener for functions that are called by HTTP. */
@Dependent
public class GatewayConfig {
    /** Address to listen on. */
    @Inject
    @ConfigProperty(name = "serai.gateway.host", defaultValue = "127.0.0.1")
    String host;

    /** Port to listen on: HTTP/1.1 and cleartext HTTP/2. */
    @Inject
    @ConfigProperty(name = "serai.gateway.port", defaultValue = "8000")
    int port;

    /** What an endpoint's address looks like from outside. */
    @Inject
    @ConfigProperty(name = "serai.gateway.url", defaultValue = "http://{label}.localhost:8000")
    String url;

    /** Addresses of proxies in front whose X-Forwarded-For and X-Forwarded-Proto are believed. Separated by commas. */
    @Inject
    @ConfigProperty(name = "serai.gateway.trusted-proxies")
    Optional<String> trustedProxies;

    /** Then a request that has no answer yet is sent on to an address where it is waited for. As at the public service. */
    @Inject
    @ConfigProperty(name = "serai.gateway.redirect-after", defaultValue = "PT150S")
    Duration redirectAfter;

    /** Bytes of a request's body. */
    @Inject
    @ConfigProperty(name = "serai.gateway.max-body", defaultValue = "4294967296")
    long maxBody;

    /** Bytes of a request's headers; most servers allow less. */
    @Inject
    @ConfigProperty(name = "serai.gateway.max-headers", defaultValue = "65536")
    int maxHeaders;

    /** Bytes of a WebSocket message. */
    @Inject
    @ConfigProperty(name = "serai.gateway.max-message", defaultValue = "16777216")
    int maxMessage;

    /** Connections at a time. */
    @Inject
    @ConfigProperty(name = "serai.gateway.max-connections", defaultValue = "10000")
    int maxConnections;

    /** Requests of one function that wait for a container, on this server. */
    @Inject
    @ConfigProperty(name = "serai.gateway.max-waiting", defaultValue = "1000")
    int maxWaiting;

    /** Bytes of the bodies of those requests. */
    @Inject
    @ConfigProperty(name = "serai.gateway.max-waiting-bytes", defaultValue = "268435456")
    long maxWaitingBytes;

    /** How long a request waits for a container. */
    @Inject
    @ConfigProperty(name = "serai.gateway.max-wait", defaultValue = "PT10M")
    Duration maxWait;

    /** How long a client may take to send the next piece of a request, or to take the next piece of an answer. */
    @Inject
    @ConfigProperty(name = "serai.gateway.client-patience", defaultValue = "PT60S")
    Duration clientPatience;

    /** How long a connection may be open without a request. */
    @Inject
    @ConfigProperty(name = "serai.gateway.keep-alive", defaultValue = "PT75S")
    Duration keepAlive;

    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    public String url() {
        return url;
    }

    public List<String> trustedProxies() {
        return List.of(trustedProxies.orElse("").split(","));
    }

    public Duration redirectAfter() {
        return redirectAfter;
    }

    public long maxBody() {
        return maxBody;
    }

    public int maxHeaders() {
        return maxHeaders;
    }

    public int maxMessage() {
        return maxMessage;
    }

    public int maxConnections() {
        return maxConnections;
    }

    public int maxWaiting() {
        return maxWaiting;
    }

    public long maxWaitingBytes() {
        return maxWaitingBytes;
    }

    public Duration maxWait() {
        return maxWait;
    }

    public Duration clientPatience() {
        return clientPatience;
    }

    public Duration keepAlive() {
        return keepAlive;
    }
}
