// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import modal.client.FunctionCallInvocationType;
import modal.client.FunctionInput;
import serai.activate.CallTargets;
import serai.blob.Blobs;
import serai.call.Backlogs;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.NewInput;
import serai.call.Target;
import serai.function.Functions;
import serai.problem.Problem;
import serai.protocol.Messages;
import serai.workspace.Tenant;

/** Begins calls of one input. */
@ApplicationScoped
public class CallStarts {
    /** Where the client, too, puts arguments aside. */
    private static final int MAX_INLINE_BYTES = 2 << 20;

    /** By definition, which never changes. */
    private final Cache<String, Set<String>> methodsOf = Caffeine.newBuilder()
            .maximumSize(1_000)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private final CallTargets targets;
    private final Calls calls;
    private final Blobs blobs;
    private final Functions functions;
    private final Backlogs backlogs;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public CallStarts(CallTargets targets, Calls calls, Blobs blobs, Functions functions, Backlogs backlogs) {
        this.targets = targets;
        this.calls = calls;
        this.blobs = blobs;
        this.functions = functions;
        this.backlogs = backlogs;
    }

    public CallStarts() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /** @return the call's id; the call counts once this is committed */
    @Transactional
    public String start(Tenant tenant, String functionId, Arguments arguments) {
        var target = targets.of(tenant, functionId);
        var call = new Calls.NewCall(
                FunctionCall.Kind.UNARY,
                FunctionCallInvocationType
                        .FUNCTION_CALL_INVOCATION_TYPE_SYNC_VALUE, // large results inline, as long as they may
                null);
        mustFit(target, arguments.method());
        backlogs.mustHaveRoom(target);
        var input = new NewInput(0, arguments.method(), input(tenant, arguments).toByteArray());
        return calls.start(target, call, List.of(input)).callId();
    }

    private Set<String> methods(String definitionId) {
        var handle = functions.definition(definitionId).wire().handle();
        return Set.copyOf(Messages.handle(definitionId, handle)
                .getMethodHandleMetadataMap()
                .keySet());
    }

    /** A class is called by one of its methods, a function without. */
    private void mustFit(Target target, String method) {
        var methods = methodsOf.get(target.definitionId(), this::methods);
        if (methods.isEmpty() ? !method.isEmpty() : !methods.contains(method)) {
            throw Problem.INVALID_ARGUMENT.because(
                    "method \"%s\": %s",
                    method,
                    methods.isEmpty()
                            ? "'%s' is a function and has no methods".formatted(target.functionName())
                            : "'%s' has %s"
                                    .formatted(target.functionName(), String.join(", ", new TreeSet<>(methods))));
        }
    }

    private FunctionInput input(Tenant tenant, Arguments arguments) {
        var cbor = arguments.cbor();
        return cbor.length <= MAX_INLINE_BYTES
                ? arguments.inline(cbor)
                : arguments.inBlob(
                        blobs.keep(tenant, cbor, sha256(cbor), clock.instant()).id());
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
