// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Proofs that a name leads here (HTTP-01 of RFC 8555), from the folder in which an ACME client leaves them: {@code certbot
 * --webroot}, {@code lego --http.webroot}. They are answered under every name, also those that nothing is called by yet.
 *
 * @param folder empty: the path is as any other
 */
record Challenges(Optional<Path> folder) {
    static final String PATH = "/.well-known/acme-challenge/";

    /** What a token may be made of (base64url), so that it leads nowhere else. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_-]{1,200}");

    private static final int LONGEST = 4096;

    /** @return whether there may be a proof, which is in a file */
    static boolean concern(Request request) {
        return request.path().startsWith(PATH);
    }

    /**
     * @return the proof; empty if it is not asked for one, or there is no such one here: then a function may have it
     * @throws UncheckedIOException if the folder cannot be read
     */
    Optional<byte[]> of(Request request) {
        if (folder.isEmpty() || !concern(request)) {
            return Optional.empty();
        }
        var token = request.path().substring(PATH.length());
        if (!TOKEN.matcher(token).matches()) {
            return Optional.empty();
        }
        var file = folder.get().resolve(PATH.substring(1)).resolve(token);
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) <= LONGEST
                    ? Optional.of(Files.readAllBytes(file))
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @return the fields of an answer with a proof */
    static List<Field> fields(byte[] proof) {
        return List.of(
                new Field("content-type", "application/octet-stream"),
                new Field("content-length", Integer.toString(proof.length)),
                new Field("cache-control", "no-store"));
    }
}
