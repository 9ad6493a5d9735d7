// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import serai.problem.Problem;

/**
 * The first part of an endpoint's host name, by the rule of the public service: {@code workspace[-environment]--app-function},
 * for a method {@code …--app-class-method}, for an app that lives as long as its client {@code …-dev}; with a label of the
 * user's own in place of {@code app-function}.
 *
 * @param text at most 63 characters, which is what DNS allows
 * @param truncated whether it was cut to fit; a hash of the whole then keeps it apart from others
 * @param unique whether it has a hash because another endpoint has the plain name
 */
public record Label(String text, boolean truncated, boolean unique) {
    static final int LONGEST = 63;
    private static final int HASH = 6;
    private static final int LONGEST_SUFFIX = 20;

    /**
     * @param space workspace, with its environment unless that is the standard one
     * @param base {@code app-function} or what the user asked for
     * @param suffix empty, or {@code dev} and the like
     */
    public static Label of(String space, String base, String suffix) {
        return of(space, base, suffix, "");
    }

    /** @param distinction hashed into the label, so that it differs from everybody else's; empty for the plain one */
    static Label of(String space, String base, String suffix, String distinction) {
        var front = strip(plain(space) + "--" + plain(base));
        var tail = suffix.isEmpty() ? "" : "-" + plain(suffix);
        if (tail.length() > LONGEST_SUFFIX) {
            throw Problem.INVALID_ARGUMENT.because(
                    "suffix \"%s\" of an address: at most %d characters are allowed", suffix, LONGEST_SUFFIX - 1);
        }
        var whole = front + tail;
        boolean truncated = whole.length() + (distinction.isEmpty() ? 0 : HASH + 1) > LONGEST;
        if (!truncated && distinction.isEmpty()) {
            return new Label(whole, false, false);
        }
        var hash = "-" + hash(whole + "\n" + distinction);
        int room = LONGEST - hash.length() - tail.length();
        var kept = front.length() > room ? front.substring(0, room) : front;
        return new Label(strip(kept) + hash + tail, truncated, !distinction.isEmpty());
    }

    /** Lower case; what a host name may not have becomes a dash, none of them first or last. */
    private static String plain(String text) {
        return strip(text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]", "-"));
    }

    private static String strip(String text) {
        return text.replaceAll("^-+|-+$", "");
    }

    private static String hash(String text) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, HASH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
