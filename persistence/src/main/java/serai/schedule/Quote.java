// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

/** What somebody sent, fit for a sentence. */
final class Quote {
    private static final int LONGEST = 100;

    private Quote() {}

    static String of(String given) {
        var plain = given.replaceAll("\\p{Cntrl}", "?");
        return plain.length() <= LONGEST ? plain : plain.substring(0, LONGEST) + "…";
    }
}
