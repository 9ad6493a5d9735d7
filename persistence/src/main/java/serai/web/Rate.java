// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.regex.Pattern;

/**
 * So many requests in so much time. It is a token bucket: as many may come at once, and then as fast as it fills again.
 *
 * @param requests at least 1
 * @param per from a millisecond to a day
 */
public record Rate(int requests, Duration per) {
    private static final Pattern TEXT = Pattern.compile("([1-9][0-9]{0,8})/(P\\S+)");
    private static final Duration LONGEST = Duration.ofDays(1);

    /** @throws IllegalArgumentException out of these bounds */
    public Rate {
        if (requests < 1 || per.toMillis() < 1 || per.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("%d requests in %s is no rate".formatted(requests, per));
        }
    }

    /**
     * @param text as {@code 100/PT60S}
     * @throws IllegalArgumentException for what is no rate
     */
    public static Rate of(String text) {
        var parts = TEXT.matcher(text.strip());
        try {
            if (parts.matches()) {
                return new Rate(Integer.parseInt(parts.group(1)), Duration.parse(parts.group(2)));
            }
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("\"%s\" is no rate: 100/PT60S is one".formatted(text), e);
        }
        throw new IllegalArgumentException("\"%s\" is no rate: 100/PT60S is one".formatted(text));
    }

    @Override
    public String toString() {
        return requests + "/" + per;
    }
}
