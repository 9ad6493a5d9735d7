// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.channel.Channel;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import serai.activate.CallTargets;
import serai.blob.Blobs;
import serai.call.Chunks;
import serai.call.Inputs;
import serai.call.StreamWatch;
import serai.call.Target;
import serai.call.WebCalls;
import serai.call.WebCalls.Waited;
import serai.config.GatewayConfig;
import serai.pool.PoolId;
import serai.server.ServerContext;
import serai.signal.Signals;
import serai.web.Networks;
import serai.web.WebEndpoint;
import serai.web.WebRules;
import serai.workspace.Tenant;

/** Requests under way on this server, and what each of them needs. */
@ApplicationScoped
class Exchanges {
    private final Map<Reply, Exchange> underWay = new ConcurrentHashMap<>();
    private final Waiting waiting = new Waiting();

    /** By definition. A pool that nobody needs may go, and another one take its place. */
    private final Cache<String, PoolId> pools = Caffeine.newBuilder()
            .expireAfterWrite(Routes.STALE)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private final Routes routes;
    private final CalledFunctions called;
    private final Guard guard;
    private final Turnstile turnstile;
    private final Journal journal;
    private final CallTargets targets;
    private final WebCalls calls;
    private final Chunks chunks;
    private final StreamWatch watch;
    private final Inputs inputs;
    private final Blobs blobs;
    private final Signals signals;
    private final ServerContext context;
    private final GatewayConfig settings;
    private final Parked parked;
    private final Forwarding forwarding;
    private final WebRules standard;
    private final Challenges challenges;
    private final Doors doors;
    private final Upstreams upstreams;

    @Inject
    Exchanges(
            Routes routes,
            CalledFunctions called,
            Guard guard,
            Turnstile turnstile,
            Journal journal,
            CallTargets targets,
            WebCalls calls,
            Chunks chunks,
            StreamWatch watch,
            Inputs inputs,
            Blobs blobs,
            Signals signals,
            ServerContext context,
            Doors doors,
            GatewayConfig settings) {
        this.routes = routes;
        this.called = called;
        this.guard = guard;
        this.turnstile = turnstile;
        this.journal = journal;
        this.targets = targets;
        this.calls = calls;
        this.chunks = chunks;
        this.watch = watch;
        this.inputs = inputs;
        this.blobs = blobs;
        this.signals = signals;
        this.context = context;
        this.settings = settings;
        this.doors = doors;
        this.upstreams = settings == null ? null : new Upstreams(settings.maxHeaders());
        this.parked = new Parked(calls, this::cancel);
        this.forwarding = settings == null ? null : new Forwarding(Networks.of(settings.trustedProxies()));
        this.standard = settings == null ? null : Rules.of(settings);
        this.challenges = settings == null
                ? null
                : new Challenges(settings.acmeDirectory().map(Path::of));
    }

    Exchanges() {
        this(
                null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                null); // for the server's proxy
    }

    Forwarding forwarding() {
        return forwarding;
    }

    /** On the event loop. A body that is sent at once is here already. */
    void begin(Channel channel, Request request, Incoming incoming, Reply reply) {
        var exchange = new Exchange(this, channel, request, incoming, reply);
        if (!exchange.runAtOnce()) {
            run(exchange, reply);
        }
    }

    /** Where it may wait. */
    void run(Exchange exchange, Reply reply) {
        underWay.put(reply, exchange);
        onThread(() -> {
            try {
                exchange.run();
            } finally {
                underWay.remove(reply);
            }
        });
    }

    /** From the event loop: its client will not read an answer. */
    void gone(Reply reply) {
        var exchange = underWay.get(reply);
        if (exchange != null) {
            exchange.lookAgain();
        }
    }

    /** A virtual thread that sees the application's classes. */
    static Thread onThread(Runnable work) {
        var thread = Thread.ofVirtual().name("web").unstarted(work);
        thread.setContextClassLoader(Exchanges.class.getClassLoader());
        thread.start();
        return thread;
    }

    /** @param called the endpoint's function, or a variant of it */
    Target target(WebEndpoint endpoint, String called) {
        var tenant = new Tenant(endpoint.workspaceId(), "");
        var seen = targets.look(tenant, called);
        return seen.poolId() == null ? context.get(() -> targets.of(tenant, called)) : seen;
    }

    /** Where the containers of an endpoint are that serve HTTP by themselves. */
    PoolId pool(WebEndpoint endpoint) {
        return pools.get(
                endpoint.definitionId(),
                id -> new PoolId(context.get(
                                () -> targets.ofServer(new Tenant(endpoint.workspaceId(), ""), endpoint.functionId()))
                        .poolId()));
    }

    /** @return empty if the database has to be asked for it */
    Optional<PoolId> known(WebEndpoint endpoint) {
        return Optional.ofNullable(pools.getIfPresent(endpoint.definitionId()));
    }

    /** Nobody wants the answer any more. */
    Optional<Waited> cancel(String callId, String reason) {
        context.run(() -> inputs.cancel(callId, reason));
        return calls.finish(callId);
    }

    /** What a container could not send inline. */
    byte[] blob(String workspaceId, String id) {
        var tenant = new Tenant(workspaceId, "");
        try (var bytes = blobs.open(context.get(() -> blobs.get(tenant, id)))) {
            return bytes.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Doors doors() {
        return doors;
    }

    Upstreams upstreams() {
        return upstreams;
    }

    Challenges challenges() {
        return challenges;
    }

    CalledFunctions called() {
        return called;
    }

    Guard guard() {
        return guard;
    }

    Journal journal() {
        return journal;
    }

    Turnstile turnstile() {
        return turnstile;
    }

    /** What holds for requests to that endpoint. */
    Rules rules(WebEndpoint endpoint) {
        return new Rules(endpoint.rules().or(standard));
    }

    Waiting waiting() {
        return waiting;
    }

    Routes routes() {
        return routes;
    }

    WebCalls calls() {
        return calls;
    }

    StreamWatch watch() {
        return watch;
    }

    Chunks chunks() {
        return chunks;
    }

    Signals signals() {
        return signals;
    }

    GatewayConfig settings() {
        return settings;
    }

    Parked parked() {
        return parked;
    }
}
