// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import serai.local.doc.Json;

/** A condition on the node, or on a device of it. */
record Constraint(String left, String operand, String right) {

    static Constraint of(JsonNode doc) {
        return new Constraint(Json.text(doc, "LTarget"), Json.text(doc, "Operand"), Json.text(doc, "RTarget"));
    }

    /** As it appears in {@code ConstraintFiltered}. */
    String text() {
        return (left + " " + operand + " " + right).strip();
    }

    boolean isDistinctHosts() {
        return operand.equals("distinct_hosts") && !right.equals("false");
    }

    boolean isOnDeviceIds() {
        return left.equals("${device.ids}") && operand.startsWith("set_contains");
    }

    Set<String> rightSet() {
        return set(right);
    }

    /** What a device is, compared by value and unit. */
    boolean compares(Optional<Quantity> a, Optional<Quantity> b) {
        return switch (operand) {
            case "is_set" -> a.isPresent();
            case "is_not_set" -> a.isEmpty();
            case "!=", "not" ->
                a.isEmpty() || b.isEmpty() || a.get().compare(b.get()).orElse(1) != 0;
            case "=", "==", "is", "<", "<=", ">", ">=" -> a.isPresent() && b.isPresent() && ordered(a.get(), b.get());
            default ->
                a.isPresent()
                        && b.isPresent()
                        && compare(a.get().text(), b.get().text());
        };
    }

    private boolean ordered(Quantity a, Quantity b) {
        var order = a.compare(b);
        return order.isPresent()
                && switch (operand) {
                    case "<" -> order.getAsInt() < 0;
                    case "<=" -> order.getAsInt() <= 0;
                    case ">" -> order.getAsInt() > 0;
                    case ">=" -> order.getAsInt() >= 0;
                    default -> order.getAsInt() == 0;
                };
    }

    boolean metBy(Node node) {
        Optional<String> a = resolve(left, node);
        Optional<String> b = resolve(right, node);
        return switch (operand) {
            case "is_set" -> a.isPresent();
            case "is_not_set" -> a.isEmpty();
            case "!=", "not" -> !a.equals(b);
            case "distinct_hosts", "distinct_property" -> true; // decided where the other instances are known
            default -> a.isPresent() && b.isPresent() && compare(a.get(), b.get());
        };
    }

    private boolean compare(String a, String b) {
        return switch (operand) {
            case "=", "==", "is" -> a.equals(b);
            case "<" -> order(a, b) < 0;
            case "<=" -> order(a, b) <= 0;
            case ">" -> order(a, b) > 0;
            case ">=" -> order(a, b) >= 0;
            case "regexp" -> matches(a, b);
            case "set_contains", "set_contains_all" -> set(a).containsAll(set(b));
            case "set_contains_any" -> set(b).stream().anyMatch(set(a)::contains);
            case "version", "semver" -> Versions.satisfies(a, b);
            default -> false;
        };
    }

    private static boolean matches(String value, String expression) {
        try {
            return Pattern.compile(expression).matcher(value).find();
        } catch (PatternSyntaxException e) {
            return false; // as in Nomad: an expression that cannot be read matches nothing
        }
    }

    private static int order(String a, String b) {
        try {
            return Double.compare(Double.parseDouble(a), Double.parseDouble(b));
        } catch (NumberFormatException e) {
            return a.compareTo(b);
        }
    }

    private static Set<String> set(String list) {
        return new TreeSet<>(
                Arrays.stream(list.split(",", -1)).map(String::strip).toList());
    }

    private static Optional<String> resolve(String target, Node node) {
        if (!target.startsWith("${")) {
            return Optional.of(target);
        }
        return node.property(target.substring(2, target.length() - 1));
    }

    /** Dotted numbers and the usual operators, joined by commas: {@code >= 1.2, < 2}. */
    private static final class Versions {
        private static final Pattern CLAUSE = Pattern.compile("\\s*(>=|<=|!=|~>|>|<|=)?\\s*v?([0-9.]+).*");

        static boolean satisfies(String version, String clauses) {
            return Arrays.stream(clauses.split(",", -1)).allMatch(clause -> satisfiesOne(version, clause));
        }

        private static boolean satisfiesOne(String version, String clause) {
            var matcher = CLAUSE.matcher(clause);
            if (!matcher.matches()) {
                return false;
            }
            List<Integer> bound = numbers(matcher.group(2));
            int order = order(numbers(version), bound);
            return switch (matcher.group(1) == null ? "=" : matcher.group(1)) {
                case ">=" -> order >= 0;
                case "<=" -> order <= 0;
                case "!=" -> order != 0;
                case ">" -> order > 0;
                case "<" -> order < 0;
                case "~>" -> order >= 0 && order(prefix(numbers(version), bound), prefix(bound, bound)) == 0;
                default -> order == 0;
            };
        }

        private static List<Integer> prefix(List<Integer> numbers, List<Integer> bound) {
            return numbers.subList(0, Math.min(numbers.size(), Math.max(1, bound.size() - 1)));
        }

        private static List<Integer> numbers(String version) {
            String digits = version.replaceFirst("^v", "").replaceFirst("[^0-9.].*$", "");
            return Arrays.stream(digits.split("\\.", -1))
                    .map(part -> part.isEmpty() ? 0 : Integer.parseInt(part, 10))
                    .toList();
        }

        private static int order(List<Integer> a, List<Integer> b) {
            for (int i = 0; i < Math.max(a.size(), b.size()); i++) {
                int order = Integer.compare(i < a.size() ? a.get(i) : 0, i < b.size() ? b.get(i) : 0);
                if (order != 0) {
                    return order;
                }
            }
            return 0;
        }
    }
}
