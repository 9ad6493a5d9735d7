// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import serai.problem.Problem;

/** Words of a Dockerfile's instruction: quoted as a POSIX shell does it, variables filled in as Docker does it. */
final class Words {
    private Words() {}

    /** {@code A=1 B='2 3'}, or the old form {@code A 1 and all the rest}. */
    static Map<String, String> assignments(String text, Map<String, String> known) {
        var result = new LinkedHashMap<String, String>();
        var words = split(text, known);
        if (!words.isEmpty() && words.getFirst().indexOf('=') < 0) {
            var parts = text.strip().split("\\s+", 2);
            if (parts.length < 2) {
                throw Problem.INVALID_ARGUMENT.because("ENV %s: NAME=value is needed", text);
            }
            return Map.of(parts[0], String.join(" ", split(parts[1], known)));
        }
        for (var word : words) {
            int equals = word.indexOf('=');
            if (equals < 1) {
                throw Problem.INVALID_ARGUMENT.because("ENV %s: NAME=value is needed", text);
            }
            result.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return result;
    }

    /** Words as they are written, with their quotes. */
    static List<String> raw(String text) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == 0 && Character.isWhitespace(c)) {
                if (!word.isEmpty()) {
                    words.add(word.toString());
                    word.setLength(0);
                }
                continue;
            }
            if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
            } else if (c == quote) {
                quote = 0;
            }
            word.append(c);
            if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
            }
        }
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        return words;
    }

    /** A text with its variables filled in; quotes mean nothing there, and <code>\$</code> is none. */
    static String filled(String text, Map<String, String> known) {
        var whole = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && text.startsWith("$", i + 1)) {
                whole.append('$');
                i++;
            } else if (c == '$') {
                i = variable(text, i, known, whole);
            } else {
                whole.append(c);
            }
        }
        return whole.toString();
    }

    /** @param known variables; one that is not there is empty */
    static List<String> split(String text, Map<String, String> known) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == 0 && Character.isWhitespace(c)) {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
                continue;
            }
            inWord = true;
            if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
            } else if (c == quote) {
                quote = 0;
            } else if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
            } else if (c == '$' && quote != '\'') {
                i = variable(text, i, known, word);
            } else {
                word.append(c);
            }
        }
        if (quote != 0) {
            throw Problem.INVALID_ARGUMENT.because("%s: a quote is not closed", text);
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }

    /** {@code $A}, <code>${A}</code>, <code>${A:-other}</code>, <code>${A:+other}</code>. @return the last character's place */
    private static int variable(String text, int dollar, Map<String, String> known, StringBuilder out) {
        boolean braces = text.startsWith("{", dollar + 1);
        int begin = dollar + (braces ? 2 : 1);
        int end = begin;
        while (end < text.length() && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_')) {
            end++;
        }
        if (end == begin) {
            out.append('$');
            return dollar;
        }
        var value = known.getOrDefault(text.substring(begin, end), "");
        if (!braces) {
            out.append(value);
            return end - 1;
        }
        int close = text.indexOf('}', end);
        if (close < 0) {
            throw Problem.INVALID_ARGUMENT.because("%s: a brace is not closed", text);
        }
        var rest = text.substring(end, close);
        if (rest.startsWith(":-")) {
            out.append(value.isEmpty() ? rest.substring(2) : value);
        } else if (rest.startsWith(":+")) {
            out.append(value.isEmpty() ? "" : rest.substring(2));
        } else if (rest.isEmpty()) {
            out.append(value);
        } else {
            throw Problem.INVALID_ARGUMENT.because("%s: this way of filling in a variable is not known", text);
        }
        return close;
    }
}
