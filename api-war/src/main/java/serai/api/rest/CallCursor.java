// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import serai.call.CallProgress;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.problem.Problem;

/** What is asked of a list of calls, and where its next page begins. */
final class CallCursor {
    private CallCursor() {}

    static Calls.Filter filter(String app, String function, String state) {
        return new Calls.Filter(
                Objects.requireNonNullElse(app, ""), Objects.requireNonNullElse(function, ""), state(state));
    }

    private static Optional<CallProgress.State> state(String name) {
        if (name == null || name.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Arrays.stream(CallProgress.State.values())
                .filter(state -> state.name().equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.INVALID_ARGUMENT.because(
                        "state \"%s\": one of %s is needed", name, Arrays.toString(CallProgress.State.values()))));
    }

    static String after(FunctionCall call) {
        var text = call.createdAt() + " " + call.id();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /** @param cursor of the page before, as it came; null for the first page */
    static Optional<Calls.Position> parse(String cursor) {
        if (cursor == null || cursor.isEmpty()) {
            return Optional.empty();
        }
        try {
            var parts = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8).split(" ", 2);
            return Optional.of(new Calls.Position(Instant.parse(parts[0]), parts[1]));
        } catch (IllegalArgumentException | DateTimeParseException | ArrayIndexOutOfBoundsException e) {
            throw Problem.INVALID_ARGUMENT.because("cursor \"%s\": not one that a list gave", cursor);
        }
    }
}
