// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import java.time.Duration;
import java.util.regex.Pattern;
import serai.problem.Problem;

/**
 * How long a caller would wait for the result in the same answer: {@code Prefer: wait=10} of RFC 7240.
 *
 * @param limit at most {@link #LONGEST}: longer waits are cut
 */
public record Waiting(Duration limit) {
    /** Proxies on the way end requests that are silent for longer. */
    public static final Duration LONGEST = Duration.ofSeconds(60);

    static final Waiting NOT = new Waiting(Duration.ZERO);

    private static final Pattern WAIT = Pattern.compile("(?i)(?:^|[,;]\\s*)wait\\s*=\\s*\"?([^,;\"]*)\"?");

    /**
     * @param prefer the request's header; null if there is none. Other preferences are not ours
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} if it is no number of seconds
     */
    public static Waiting of(String prefer) {
        if (prefer == null) {
            return NOT;
        }
        var wait = WAIT.matcher(prefer);
        if (!wait.find()) {
            return NOT;
        }
        var seconds = wait.group(1).strip();
        if (!seconds.matches("\\d{1,9}")) {
            throw Problem.INVALID_ARGUMENT.because(
                    "Prefer: wait=%s: a number of seconds is needed, at most %d", seconds, LONGEST.toSeconds());
        }
        var asked = Duration.ofSeconds(Long.parseLong(seconds));
        return new Waiting(asked.compareTo(LONGEST) < 0 ? asked : LONGEST);
    }

    public boolean isAny() {
        return !limit.isZero();
    }

    /** @return for the header {@code Preference-Applied} */
    public String applied() {
        return "wait=" + limit.toSeconds();
    }
}
