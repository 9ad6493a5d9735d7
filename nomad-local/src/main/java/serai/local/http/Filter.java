// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import serai.local.control.RefusedException;

/**
 * The part of Nomad's filter expressions that compares one top-level field with one text: {@code Field == "text"}, {@code
 * !=}, {@code matches "regular expression"} and {@code not matches}. Others are refused, not ignored.
 */
record Filter(Predicate<JsonNode> test) {
    static final Filter NONE = new Filter(entry -> true);

    private static final Pattern COMPARISON =
            Pattern.compile("\\s*(\\w+)\\s+(==|!=|matches|not\\s+matches)\\s+\"((?:[^\"\\\\]|\\\\.)*)\"\\s*");

    /** @throws RefusedException 501 for an expression that is not understood, 400 for a bad regular expression */
    static Filter parse(String expression) {
        var comparison = COMPARISON.matcher(expression);
        if (!comparison.matches()) {
            throw new RefusedException(
                    501, "nomad-local knows filters of the form Field matches \"text\", not: " + expression);
        }
        var field = comparison.group(1);
        var text = comparison.group(3).replaceAll("\\\\(.)", "$1");
        var operator = comparison.group(2).replaceAll("\\s+", " ");
        Predicate<String> compared = operator.endsWith("matches") ? regex(text) : text::equals;
        boolean wanted = !operator.startsWith("not") && !operator.startsWith("!");
        return new Filter(entry -> compared.test(entry.path(field).asText()) == wanted);
    }

    private static Predicate<String> regex(String text) {
        try {
            return Pattern.compile(text).asPredicate();
        } catch (PatternSyntaxException e) {
            throw new RefusedException(400, "failed to read filter expression: " + e.getDescription());
        }
    }

    boolean accepts(JsonNode entry) {
        return test.test(entry);
    }
}
