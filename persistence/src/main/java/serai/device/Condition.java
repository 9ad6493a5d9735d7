// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.device;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Something a device has to be, or should rather be.
 *
 * @param attribute {@code model}, {@code vendor}, {@code type}, or what the node's plugin measured, say {@code memory}
 * @param operator one of the cluster's: {@code = != < <= > >= regexp version semver set_contains is_set}
 * @param value with its unit where the attribute has one, say {@code 40 GiB}: a bare number matches no such attribute
 */
public record Condition(String attribute, String operator, String value) {
    private static final Set<String> OPERATORS =
            Set.of("=", "!=", "<", "<=", ">", ">=", "regexp", "version", "semver", "set_contains", "is_set");

    private static final Pattern FORM = Pattern.compile("(\\w[\\w.-]*)\\s+(\\S+)\\s*(.*)");

    public Condition {
        if (!OPERATORS.contains(operator)) {
            throw new IllegalArgumentException("'%s' is not an operator".formatted(operator));
        }
        if (value.isEmpty() != operator.equals("is_set")) {
            throw new IllegalArgumentException("'%s %s' has no value, or one too many".formatted(attribute, operator));
        }
        if (operator.equals("regexp")) {
            Pattern.compile(value); // the cluster would take one that it cannot read for one that matches nothing
        }
    }

    static Condition parse(String text) {
        var words = FORM.matcher(text);
        if (!words.matches()) {
            throw new IllegalArgumentException("'%s' is not of the form: attribute operator value".formatted(text));
        }
        return new Condition(words.group(1), words.group(2), words.group(3));
    }
}
