// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** What a real Nomad 2.0.6-dev answered. */
final class Recordings {
    private Recordings() {}

    static String text(String name) {
        try (var in = Recordings.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
