// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import java.util.regex.Pattern;
import modal.client.GenericResult;
import serai.call.Outcome;

/**
 * Why a call has no result.
 *
 * @param kind {@code EXCEPTION} for what the function raised; {@code TIMEOUT}, {@code CANCELLED} and {@code PLATFORM}
 *     for what was decided about it
 * @param type the exception's class, as Python shows it; null for what is no exception
 * @param traceback as Python prints it; null if there is none
 */
public record Failure(Kind kind, String type, String message, String traceback) {
    /** Who or what ended the call. */
    public enum Kind {
        EXCEPTION,
        TIMEOUT,
        CANCELLED,
        PLATFORM
    }

    /** {@code repr} of an exception with one string, which is how most look; others are shown as they are. */
    private static final Pattern ONE_TEXT = Pattern.compile(
            "([A-Za-z_][\\w.]*)\\((?:'((?:[^'\\\\]|\\\\.)*)'|\"((?:[^\"\\\\]|\\\\.)*)\")\\)", Pattern.DOTALL);

    private static final Pattern TYPE = Pattern.compile("([A-Za-z_][\\w.]*)\\(.*", Pattern.DOTALL);

    static Failure of(Outcome outcome, GenericResult result) {
        var shown = result.getException();
        var traceback = result.getTraceback().isEmpty() ? null : result.getTraceback();
        if (outcome != Outcome.FAILURE) {
            return new Failure(kindOf(outcome), null, shown, traceback);
        }
        var text = ONE_TEXT.matcher(shown);
        if (text.matches()) {
            return new Failure(Kind.EXCEPTION, text.group(1), unescaped(text), traceback);
        }
        var type = TYPE.matcher(shown);
        return new Failure(Kind.EXCEPTION, type.matches() ? type.group(1) : null, shown, traceback);
    }

    static Failure decided(Outcome outcome, String reason) {
        return new Failure(kindOf(outcome), null, reason, null);
    }

    /** A failure that the platform decided is a container that could not work. */
    private static Kind kindOf(Outcome outcome) {
        return switch (outcome) {
            case TIMEOUT -> Kind.TIMEOUT;
            case TERMINATED -> Kind.CANCELLED;
            case SUCCESS, FAILURE, INTERNAL_FAILURE -> Kind.PLATFORM;
        };
    }

    private static String unescaped(java.util.regex.Matcher text) {
        var quoted = text.group(2) == null ? text.group(3) : text.group(2);
        return quoted.replace("\\n", "\n")
                .replace("\\t", "\t")
                .replace("\\'", "'")
                .replace("\\\"", "\"")
                .replace("\\\\", "\\");
    }
}
