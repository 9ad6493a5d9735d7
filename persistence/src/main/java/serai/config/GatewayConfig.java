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

    /** Port for the same with TLS; 0 for none. */
    @Inject
    @ConfigProperty(name = "serai.gateway.tls-port", defaultValue = "0")
    int tlsPort;

    /** Folder with certificates and their keys. */
    @Inject
    @ConfigProperty(name = "serai.gateway.tls-directory")
    Optional<String> tlsDirectory;

    /** Folder in which an ACME client leaves its proofs. */
    @Inject
    @ConfigProperty(name = "serai.gateway.acme-directory")
    Optional<String> acmeDirectory;

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

    /** Of all callers of a function together, as 100/PT60S. */
    @Inject
    @ConfigProperty(name = "serai.gateway.rate")
    Optional<String> rate;

    /** Of each caller of a function: a proxy token, or an address. */
    @Inject
    @ConfigProperty(name = "serai.gateway.caller-rate")
    Optional<String> callerRate;

    /** Requests and WebSockets of a function at a time, on this server. */
    @Inject
    @ConfigProperty(name = "serai.gateway.concurrency")
    Optional<Integer> concurrency;

    /** Of those, of each caller. */
    @Inject
    @ConfigProperty(name = "serai.gateway.caller-concurrency")
    Optional<Integer> callerConcurrency;

    /** Addresses that may call functions at all. Separated by commas. */
    @Inject
    @ConfigProperty(name = "serai.gateway.allowed")
    Optional<String> allowed;

    /** File with a line for each request, as JSON; a number is added to its name. */
    @Inject
    @ConfigProperty(name = "serai.gateway.access-log")
    Optional<String> accessLog;

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

    public int tlsPort() {
        return tlsPort;
    }

    public Optional<String> acmeDirectory() {
        return acmeDirectory;
    }

    public Optional<String> tlsDirectory() {
        return tlsDirectory;
    }

    public String url() {
        return url;
    }

    public List<String> trustedProxies() {
        return List.of(trustedProxies.orElse("").split(","));
    }

    public Optional<String> rate() {
        return rate;
    }

    public Optional<String> callerRate() {
        return callerRate;
    }

    public Optional<Integer> concurrency() {
        return concurrency;
    }

    public Optional<Integer> callerConcurrency() {
        return callerConcurrency;
    }

    public Optional<List<String>> allowed() {
        return allowed.map(text -> List.of(text.split(",")));
    }

    public Optional<String> accessLog() {
        return accessLog;
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
