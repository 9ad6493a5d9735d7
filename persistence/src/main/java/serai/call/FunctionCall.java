// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import java.time.Instant;

/**
 * What a client holds: inputs and their outputs.
 *
 * @param invocation the client protocol's number for how it waits
 * @param inputs how many were given so far
 * @param outputs how many have a result
 */
public record FunctionCall(
        String id,
        String workspaceId,
        String appId,
        String functionId,
        Kind kind,
        int invocation,
        int inputs,
        int outputs,
        Instant createdAt) {

    /** One input, as many as the client sends, or an HTTP request: one input that is tried once. */
    public enum Kind {
        UNARY,
        MAP,
        WEB
    }

    /** Of a row: whether whoever made the call waits for it, as the client says for SYNC (4) and SYNC_LEGACY (1). */
    static final String IS_AWAITED = "invocation in (1, 4)";

    /** @return whether every input that was given has its result */
    public boolean isComplete() {
        return inputs > 0 && outputs >= inputs;
    }
}
