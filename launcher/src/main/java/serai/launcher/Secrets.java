// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;

/** Generated once, kept in files that only their owner reads, never on a command line. */
record Secrets(Path directory) {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** @return the secret of that name; a new one of 192 random bits the first time */
    String named(String name) {
        return read(name)
                .orElseGet(
                        () -> keep(name, Base64.getUrlEncoder().withoutPadding().encodeToString(random(24))));
    }

    /** @return the keys of that name, one a line; a new one of 256 bits, in base64, the first time */
    String key(String name) {
        return read(name).orElseGet(() -> keep(name, Base64.getEncoder().encodeToString(random(32))));
    }

    Optional<String> read(String name) {
        try {
            return Optional.of(Files.readString(directory.resolve(name)).strip());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String keep(String name, String value) {
        try {
            AtomicFile.write(directory.resolve(name), value + "\n");
            return value;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void forget(String name) {
        try {
            Files.deleteIfExists(directory.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] random(int length) {
        var bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return bytes;
    }
}
