// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

/**
 * How a container ended, in its runner's words.
 *
 * @param exitCode null if a signal ended it
 * @param signal its number; null if it ended by itself
 */
public record End(Integer exitCode, Integer signal, String reason) {
    private static final int MAX_REASON = 2_000;

    String inWords() {
        var said = reason == null ? "" : reason.strip();
        if (said.isEmpty()) {
            return signal == null ? "" : "ended by signal " + signal;
        }
        return said.length() <= MAX_REASON ? said : said.substring(0, MAX_REASON);
    }
}
