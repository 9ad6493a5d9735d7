// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import modal.client.FunctionCallInvocationType;
import modal.client.FunctionInput;
import serai.activate.CallTargets;
import serai.blob.Blobs;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.NewInput;
import serai.workspace.Tenant;

/** Begins calls of one input. */
@ApplicationScoped
public class CallStarts {
    /** Where the client, too, puts arguments aside. */
    private static final int MAX_INLINE_BYTES = 2 << 20;

    private final CallTargets targets;
    private final Calls calls;
    private final Blobs blobs;
    private final InstantSource clock = InstantSource.system();

    @Inject
    public CallStarts(CallTargets targets, Calls calls, Blobs blobs) {
        this.targets = targets;
        this.calls = calls;
        this.blobs = blobs;
    }

    public CallStarts() {
        this(null, null, null); // for the server's proxy
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
        var input = new NewInput(0, "", input(tenant, arguments.cbor()).toByteArray());
        return calls.start(target, call, List.of(input)).callId();
    }

    private FunctionInput input(Tenant tenant, byte[] cbor) {
        return cbor.length <= MAX_INLINE_BYTES
                ? Arguments.inline(cbor)
                : Arguments.inBlob(
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
