// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.id;

import java.security.SecureRandom;

/** Fresh identifiers: a prefix that names the kind, a dash, and 22 letters and digits (about 131 random bits). */
public final class NewId {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final int LENGTH = 22;

    private NewId() {}

    /** @param kind the prefix of the client protocol, say {@code ap} for an app */
    public static String of(String kind) {
        return draw(kind, ALPHABET.length());
    }

    /** Letters in lower case only, for names that become host names or jobs: about 113 random bits. */
    public static String lowerCase(String kind) {
        return draw(kind, 36).toLowerCase(java.util.Locale.ROOT);
    }

    private static String draw(String kind, int letters) {
        var id = new StringBuilder(kind.length() + 1 + LENGTH).append(kind).append('-');
        for (int i = 0; i < LENGTH; i++) {
            id.append(ALPHABET.charAt(RANDOM.nextInt(letters)));
        }
        return id.toString();
    }
}
