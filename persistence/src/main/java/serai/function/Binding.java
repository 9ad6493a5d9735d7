// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import serai.problem.Problem;

/**
 * What makes a variant of a function, in the client's words. The same bytes are the same variant.
 *
 * @param params what a class is constructed with; empty for a function, at most {@value #MOST_PARAMS} bytes
 * @param options what the variant asks for instead of its base; empty if it asks for nothing else
 */
public record Binding(byte[] params, Optional<byte[]> options) {
    static final int MOST_PARAMS = 64 << 10;

    public Binding {
        if (params.length > MOST_PARAMS) {
            throw Problem.INVALID_ARGUMENT.because(
                    "the parameters have %d bytes, at most %d are allowed: pass large values to a method",
                    params.length, MOST_PARAMS);
        }
    }

    /** @return whether nothing is bound, so that the function itself is meant */
    public boolean isEmpty() {
        return params.length == 0 && options.isEmpty();
    }

    String digest() {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(
                    ByteBuffer.allocate(Integer.BYTES).putInt(params.length).array()); // where the one ends
            digest.update(params);
            options.ifPresent(digest::update);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
