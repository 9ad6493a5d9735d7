// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.once;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.problem.Problem;

/**
 * What a caller names a request by, so that sending it again does nothing again. A key belongs to one path of one workspace.
 *
 * @param key empty if the caller sent none: then each request is another one
 * @param fingerprint of the body, SHA-256
 */
@SuppressWarnings("ArrayRecordComponent") // compared by MessageDigest.isEqual
public record IdempotencyKey(Optional<String> key, String path, byte[] fingerprint) {
    private static final Pattern FORM = Pattern.compile("\"?([\\x21\\x23-\\x7e]{1,255})\"?");

    /**
     * @param header null if there is none; bare or, as the draft has it, in quotes
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT}
     */
    public static IdempotencyKey of(String header, String path, byte[] body) {
        if (header == null) {
            return new IdempotencyKey(Optional.empty(), path, new byte[0]);
        }
        var form = FORM.matcher(header.strip());
        if (!form.matches()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "Idempotency-Key \"%s\": 1 to 255 visible ASCII characters without quotes are needed", header);
        }
        return new IdempotencyKey(Optional.of(form.group(1)), path, sha256(body == null ? new byte[0] : body));
    }

    private static byte[] sha256(byte[] body) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(body);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** @return what is kept beside the key: the fingerprint, and the name of what was made */
    byte[] kept(String made) {
        var name = made.getBytes(StandardCharsets.UTF_8);
        var all = new byte[fingerprint.length + name.length];
        System.arraycopy(fingerprint, 0, all, 0, fingerprint.length);
        System.arraycopy(name, 0, all, fingerprint.length, name.length);
        return all;
    }

    /** @throws serai.problem.ProblemException {@link Problem#IDEMPOTENCY_KEY_REUSED} if it was kept for another body */
    String madeBefore(byte[] kept) {
        if (!MessageDigest.isEqual(fingerprint, java.util.Arrays.copyOf(kept, fingerprint.length))) {
            throw Problem.IDEMPOTENCY_KEY_REUSED.because(
                    "Idempotency-Key \"%s\" was used for %s with another body", key.orElseThrow(), path);
        }
        return new String(kept, fingerprint.length, kept.length - fingerprint.length, StandardCharsets.UTF_8);
    }
}
