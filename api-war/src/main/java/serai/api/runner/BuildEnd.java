// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

/**
 * How a build ended, in its builder's words.
 *
 * @param reason empty if all of it is made
 * @param reference of the image in the registry; empty or null if it was not published
 */
public record BuildEnd(boolean ok, String reason, String reference) {
    private static final int MAX_REASON = 4_000;

    String inWords() {
        var said = reason == null ? "" : reason.strip();
        return said.length() <= MAX_REASON ? said : said.substring(0, MAX_REASON);
    }
}
