// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import serai.container.Container;
import serai.container.Containers;
import serai.function.Functions;
import serai.id.Secret;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.problem.ProblemException;
import serai.server.ServerContext;
import serai.workspace.Tenant;
import serai.workspace.Tokens;
import serai.workspace.Workspaces;

/** Finds out who calls: a client by its token, a container by what its runner was given for it. */
@ApplicationScoped
class Authentication implements ServerInterceptor {
    private static final Metadata.Key<String> TOKEN_ID = key("x-modal-token-id");
    private static final Metadata.Key<String> TOKEN_SECRET = key("x-modal-token-secret");
    private static final Metadata.Key<String> CONTAINER_TOKEN = key("x-serai-secret");
    private static final Metadata.Key<String> STORE = key("x-serai-store");
    private static final Metadata.Key<String> IDEMPOTENCY_KEY = key("x-idempotency-key");
    private static final Metadata.Key<String> RETRY_ATTEMPT = key("x-retry-attempt");
    private static final Metadata.Key<String> CLIENT_VERSION = key("x-modal-client-version");
    private static final Metadata.Key<String> PYTHON_VERSION = key("x-modal-python-version");

    private static final Pattern STORE_ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:[0-9]{1,5}");

    /** How long a container that has ended may still be taken for a live one; its results are fenced all the same. */
    private static final long REMEMBERED_MS = 5_000;

    /** A container asks at least every 15 s. */
    private static final Duration FORGOTTEN = Duration.ofMinutes(1);

    /** More than a pool has: the best of a rank comes after the last of the rank before. */
    private static final int ORDINALS = 100_000;

    private static final int REMEMBERED_CONTAINERS = 10_000;

    private final Tokens tokens;
    private final Workspaces workspaces;
    private final Containers containers;
    private final Pools pools;
    private final Functions functions;
    private final ServerContext context;

    /** Whose container it is, what it is and its token never change; whether it lives is asked again. */
    private final Cache<String, Known> known = Caffeine.newBuilder()
            .expireAfterAccess(FORGOTTEN)
            .maximumSize(REMEMBERED_CONTAINERS)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private record Known(Tenant tenant, ContainerIdentity identity, byte[] tokenHash, AtomicLong aliveUntil) {}

    @Inject
    Authentication(
            Tokens tokens,
            Workspaces workspaces,
            Containers containers,
            Pools pools,
            Functions functions,
            ServerContext context) {
        this.context = context;
        this.tokens = tokens;
        this.workspaces = workspaces;
        this.containers = containers;
        this.pools = pools;
        this.functions = functions;
    }

    Authentication() {
        this(null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        try {
            var context = Context.current().withValue(Methods.CALLER, identify(headers));
            return Contexts.interceptCall(context, call, headers, next);
        } catch (RuntimeException e) {
            var failure = Failures.statusOf(call.getMethodDescriptor(), e);
            call.close(failure.getStatus(), new Metadata());
            return new ServerCall.Listener<>() {};
        }
    }

    private Caller identify(Metadata headers) {
        var containerToken = headers.get(CONTAINER_TOKEN);
        if (containerToken != null) {
            var container = container(containerToken);
            return caller(container.tenant, "", Optional.of(container.identity), headers);
        }
        var id = headers.get(TOKEN_ID);
        var secret = headers.get(TOKEN_SECRET);
        if (id == null || secret == null) {
            throw Problem.UNAUTHENTICATED.because(
                    "Token missing: set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET (`./serai env` prints them)");
        }
        var tenant = tokens.remembered(id, secret)
                .or(() -> context.get(() -> tokens.authenticate(id, secret)))
                .orElseThrow(() -> Problem.UNAUTHENTICATED.because("Token '%s' is unknown, wrong or revoked", id));
        return caller(tenant, id, Optional.empty(), headers);
    }

    private static Caller caller(
            Tenant tenant, String tokenId, Optional<ContainerIdentity> container, Metadata headers) {
        var attempt = headers.get(RETRY_ATTEMPT);
        return new Caller(
                tenant,
                tokenId,
                container,
                container
                        .flatMap(any -> Optional.ofNullable(headers.get(STORE)))
                        .map(Authentication::store),
                orEmpty(headers.get(IDEMPOTENCY_KEY)),
                attempt != null && !attempt.equals("0"),
                orEmpty(headers.get(CLIENT_VERSION)),
                headers.containsKey(PYTHON_VERSION));
    }

    /** Nobody but the container itself uses it, so that only its form is looked at. */
    private static URI store(String text) {
        if (!STORE_ADDRESS.matcher(text).matches()) {
            throw Problem.INVALID_ARGUMENT.because("x-serai-store is '%s', and no port of 127.0.0.1", text);
        }
        return URI.create(text);
    }

    /** @param token container id, a dot, the secret */
    private Known container(String token) {
        int dot = token.indexOf('.');
        if (dot < 0) {
            throw refused();
        }
        var id = token.substring(0, dot);
        long now = System.currentTimeMillis();
        var seen = known.getIfPresent(id);
        if (seen != null && Secret.matches(token, seen.tokenHash) && isAlive(id, seen, now)) {
            return seen;
        }
        return context.get(() -> lookUp(id, token.substring(dot + 1), token, now));
    }

    private Known lookUp(String id, String secret, String token, long now) {
        var container = containers.find(id).filter(c -> c.accepts(secret)).orElseThrow(Authentication::refused);
        var fresh = new Known(
                workspaces.tenant(container.workspaceId()),
                identityOf(container),
                Secret.hash(token),
                new AtomicLong(now + REMEMBERED_MS));
        known.put(id, fresh);
        return fresh;
    }

    private boolean isAlive(String id, Known seen, long now) {
        if (seen.aliveUntil.get() > now) {
            return true;
        }
        if (!context.get(() -> containers.isLive(id))) {
            known.invalidate(id);
            return false;
        }
        seen.aliveUntil.set(now + REMEMBERED_MS);
        return true;
    }

    private ContainerIdentity identityOf(Container container) {
        var pool = pools.get(container.poolId());
        var duties = functions.definition(pool.definitionId()).duties();
        return new ContainerIdentity(
                container.id(),
                container.poolId(),
                pool.queue(),
                container.functionId(),
                pool.rank() * ORDINALS + container.ordinal(),
                duties.singleUse(),
                duties.retryPolicy());
    }

    private static ProblemException refused() {
        return Problem.UNAUTHENTICATED.because("the container's credentials are unknown, wrong or no longer valid");
    }

    private static String orEmpty(String value) {
        return value == null ? "" : value;
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }
}
