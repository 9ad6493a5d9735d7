// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What the build pinned. */
final class Versions {
    private static final Properties PINNED = read();

    static final String SERAI = PINNED.getProperty("serai");
    static final String PAYARA = PINNED.getProperty("payara");
    static final String POSTGRESQL = PINNED.getProperty("postgresql");
    static final String MODAL = PINNED.getProperty("modal");

    private Versions() {}

    private static Properties read() {
        try (var in = Versions.class.getResourceAsStream("versions.properties")) {
            var properties = new Properties();
            properties.load(in);
            return properties;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
