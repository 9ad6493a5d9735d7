// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import serai.local.control.RefusedException;
import serai.local.doc.Json;

/**
 * Nomad's filter expressions: comparisons ({@code ==}, {@code !=}, {@code in}, {@code not in}, {@code contains}, {@code not
 * contains}, {@code matches}, {@code not matches}, {@code is empty}, {@code is not empty}) of fields ({@code A.B}, {@code
 * A["b"]}, {@code "/A/b"}) with values, joined by {@code and}, {@code or}, {@code not} and brackets.
 */
record Filter(Predicate<JsonNode> test) {
    static final Filter NONE = new Filter(entry -> true);

    /** @throws RefusedException 400 for an expression that cannot be read */
    static Filter parse(String expression) {
        Parser parser = new Parser(expression);
        Predicate<JsonNode> test = parser.either();
        parser.end();
        return new Filter(test);
    }

    boolean accepts(JsonNode entry) {
        return test.test(entry);
    }

    /** One rule of the grammar for each method, from the loosest to the tightest. */
    private static final class Parser {
        private static final Pattern TOKEN = Pattern.compile(
                "\\s*(?:(\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`)|(==|!=|\\(|\\)|\\[|\\]|\\.)|([0-9]+\\.[0-9]+|[A-Za-z0-9_/+-]+))");

        private record Token(String text, boolean quoted, int at) {}

        private final List<Token> tokens = new ArrayList<>();
        private int next;

        Parser(String expression) {
            Matcher matcher = TOKEN.matcher(expression);
            int end = 0;
            while (end < expression.length() && matcher.find(end) && matcher.start() == end) {
                boolean quoted = matcher.group(1) != null;
                String text = quoted
                        ? unquoted(matcher.group(1))
                        : matcher.group(2) != null ? matcher.group(2) : matcher.group(3);
                end = matcher.end();
                tokens.add(new Token(
                        text, quoted, end - matcher.group().stripLeading().length()));
            }
            String rest = expression.substring(end).stripLeading();
            if (!rest.isEmpty()) {
                throw unreadable(expression.length() - rest.length(), "'" + rest + "'");
            }
        }

        private static String unquoted(String literal) {
            String inside = literal.substring(1, literal.length() - 1);
            return literal.startsWith("`") ? inside : inside.replaceAll("\\\\(.)", "$1");
        }

        private static RefusedException unreadable(int at, String what) {
            return new RefusedException(
                    400,
                    "failed to create result paginator: failed to read filter expression: 1:%d (%d): no match found at %s"
                            .formatted(at + 1, at, what));
        }

        private RefusedException unreadable() {
            if (next < tokens.size()) {
                return unreadable(tokens.get(next).at(), "'" + tokens.get(next).text() + "'");
            }
            return unreadable(tokens.isEmpty() ? 0 : tokens.getLast().at(), "the end");
        }

        private boolean take(String word) {
            boolean there = next < tokens.size()
                    && !tokens.get(next).quoted()
                    && tokens.get(next).text().equals(word);
            next += there ? 1 : 0;
            return there;
        }

        private Token take() {
            if (next == tokens.size()) {
                throw unreadable();
            }
            return tokens.get(next++);
        }

        void end() {
            if (next < tokens.size()) {
                throw unreadable();
            }
        }

        Predicate<JsonNode> either() {
            Predicate<JsonNode> test = both();
            while (take("or")) {
                test = test.or(both());
            }
            return test;
        }

        private Predicate<JsonNode> both() {
            Predicate<JsonNode> test = one();
            while (take("and")) {
                test = test.and(one());
            }
            return test;
        }

        private Predicate<JsonNode> one() {
            if (take("not")) {
                return one().negate();
            }
            if (take("(")) {
                Predicate<JsonNode> test = either();
                if (!take(")")) {
                    throw unreadable();
                }
                return test;
            }
            return comparison();
        }

        private Predicate<JsonNode> comparison() {
            int start = next;
            Token value = take();
            boolean notIn = take("not");
            if (take("in")) {
                return unless(notIn, contains(field(), value.text()));
            }
            next = start;
            List<String> field = field();
            if (take("==")) {
                return equal(field, take().text());
            }
            if (take("!=")) {
                return equal(field, take().text()).negate();
            }
            int operator = next;
            boolean is = take("is");
            boolean not = take("not");
            if (is && take("empty")) {
                return unless(not, empty(field));
            }
            if (!is && take("contains")) {
                return unless(not, contains(field, take().text()));
            }
            if (!is && take("matches")) {
                return unless(not, matches(field, take().text()));
            }
            next = operator;
            throw unreadable();
        }

        private static Predicate<JsonNode> unless(boolean not, Predicate<JsonNode> test) {
            return not ? test.negate() : test;
        }

        /** {@code A.B["c"]}, or a JSON pointer in quotation marks. */
        private List<String> field() {
            Token first = take();
            List<String> path = new ArrayList<>();
            if (first.quoted()) {
                if (!first.text().startsWith("/")) {
                    throw unreadable(first.at(), "'" + first.text() + "'");
                }
                for (String step : first.text().substring(1).split("/", -1)) {
                    path.add(step.replace("~1", "/").replace("~0", "~"));
                }
                return path;
            }
            path.add(first.text());
            while (true) {
                if (take(".")) {
                    path.add(take().text());
                } else if (take("[")) {
                    path.add(take().text());
                    if (!take("]")) {
                        throw unreadable();
                    }
                } else {
                    return path;
                }
            }
        }

        private static JsonNode find(JsonNode entry, List<String> path) {
            JsonNode node = entry;
            for (String step : path) {
                node = node.isArray() && step.matches("[0-9]{1,9}")
                        ? node.path(Integer.parseInt(step))
                        : node.path(step);
            }
            if (node.isMissingNode() && path.size() == 1) {
                throw new RefusedException(
                        400,
                        "failed to read result page: error finding value in datum: /%1$s at part 0: couldn't find key: struct field with name \"%1$s\""
                                .formatted(path.getFirst()));
            }
            return node.isNull() ? MissingNode.getInstance() : node;
        }

        private static Predicate<JsonNode> empty(List<String> field) {
            return entry -> {
                JsonNode value = find(entry, field);
                return value.isContainerNode()
                        ? value.isEmpty()
                        : value.asText().isEmpty();
            };
        }

        private static Predicate<JsonNode> equal(List<String> field, String value) {
            return entry -> find(entry, field).asText().equals(value);
        }

        private static Predicate<JsonNode> contains(List<String> field, String value) {
            return entry -> {
                JsonNode holder = find(entry, field);
                return holder.isObject()
                        ? holder.has(value)
                        : holder.isArray()
                                ? Json.each(holder)
                                        .anyMatch(item -> item.asText().equals(value))
                                : holder.asText().contains(value);
            };
        }

        private static Predicate<JsonNode> matches(List<String> field, String expression) {
            try {
                Predicate<String> test = Pattern.compile(expression).asPredicate();
                return entry -> test.test(find(entry, field).asText());
            } catch (PatternSyntaxException e) {
                throw new RefusedException(
                        400,
                        "failed to create result paginator: failed to read filter expression: " + e.getDescription());
            }
        }
    }
}
