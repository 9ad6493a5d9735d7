// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import serai.local.doc.Json;

/** What is known of a device, by Nomad's rules: a number with or without a unit, a truth, or a text. */
public sealed interface Quantity {
    /** @param unit empty for none */
    record Amount(BigDecimal number, String unit) implements Quantity {}

    record Truth(boolean value) implements Quantity {}

    record Text(String value) implements Quantity {}

    /** A number of a known unit, with or without a space between; anything else is a text. */
    static Quantity parse(String text) {
        var amount = Units.FORM.matcher(text);
        if (amount.matches() && (amount.group(2).isEmpty() || Units.OF.containsKey(amount.group(2)))) {
            return new Amount(new BigDecimal(amount.group(1)), amount.group(2));
        }
        return switch (text) {
            case "true" -> new Truth(true);
            case "false" -> new Truth(false);
            default -> new Text(text);
        };
    }

    /** As a node document has it. */
    static Quantity of(JsonNode doc) {
        if (!doc.path("String").isNull() && doc.has("String")) {
            return new Text(Json.text(doc, "String"));
        }
        if (doc.path("Bool").isBoolean()) {
            return new Truth(doc.path("Bool").booleanValue());
        }
        JsonNode number = doc.path("Int").isNumber() ? doc.path("Int") : doc.path("Float");
        return new Amount(number.decimalValue(), Json.text(doc, "Unit"));
    }

    default ObjectNode doc() {
        ObjectNode doc = Json.object("Unit", "");
        for (String none : new String[] {"Bool", "Float", "Int", "String"}) {
            doc.putNull(none);
        }
        switch (this) {
            case Amount(BigDecimal number, String unit) -> {
                doc.put("Unit", unit);
                if (number.stripTrailingZeros().scale() <= 0) {
                    doc.put("Int", number.longValueExact());
                } else {
                    doc.put("Float", number);
                }
            }
            case Truth(boolean value) -> doc.put("Bool", value);
            case Text(String value) -> doc.put("String", value);
        }
        return doc;
    }

    /** @return empty where the two cannot be compared, such as 40000 with 81559 MiB */
    default OptionalInt compare(Quantity other) {
        if (this instanceof Amount(var a, var unit) && other instanceof Amount(var b, var otherUnit)) {
            Optional<Units.Unit> left = Units.of(unit);
            Optional<Units.Unit> right = Units.of(otherUnit);
            return left.isPresent()
                            && right.isPresent()
                            && left.get().base().equals(right.get().base())
                    ? OptionalInt.of(a.multiply(left.get().factor())
                            .compareTo(b.multiply(right.get().factor())))
                    : OptionalInt.empty();
        }
        if (this instanceof Text(var a) && other instanceof Text(var b)) {
            return OptionalInt.of(a.compareTo(b));
        }
        return this instanceof Truth && other instanceof Truth
                ? OptionalInt.of(equals(other) ? 0 : 1)
                : OptionalInt.empty();
    }

    /** Without its unit, for what works on texts. */
    default String text() {
        return switch (this) {
            case Amount(BigDecimal number, String unit) -> number.toPlainString() + (unit.isEmpty() ? "" : " " + unit);
            case Truth(boolean value) -> Boolean.toString(value);
            case Text(String value) -> value;
        };
    }

    /** Those that Nomad's plugins use. */
    final class Units {
        private static final Pattern FORM = Pattern.compile("\\s*(-?\\d+(?:\\.\\d+)?)\\s*([A-Za-z/]*)\\s*");
        private static final Map<String, Unit> OF = all();

        private Units() {}

        private record Unit(String base, BigDecimal factor) {}

        private static Optional<Unit> of(String name) {
            return name.isEmpty() ? Optional.of(new Unit("", BigDecimal.ONE)) : Optional.ofNullable(OF.get(name));
        }

        private static Map<String, Unit> all() {
            Map<String, Unit> all = new HashMap<>();
            String[] prefixes = {"k", "M", "G", "T", "P", "E"};
            for (int i = 0; i < prefixes.length; i++) {
                BigDecimal decimal = BigDecimal.TEN.pow(3 * (i + 1));
                BigDecimal binary = BigDecimal.TWO.pow(10 * (i + 1));
                for (String per : new String[] {"", "/s"}) {
                    all.put(prefixes[i] + "B" + per, new Unit("B" + per, decimal));
                    all.put(prefixes[i].toUpperCase(java.util.Locale.ROOT) + "B" + per, new Unit("B" + per, decimal));
                    all.put(prefixes[i].toUpperCase(java.util.Locale.ROOT) + "iB" + per, new Unit("B" + per, binary));
                }
                all.put(prefixes[i] + "W", new Unit("W", decimal));
                all.put(prefixes[i] + "Hz", new Unit("Hz", decimal));
            }
            all.put("B", new Unit("B", BigDecimal.ONE));
            all.put("B/s", new Unit("B/s", BigDecimal.ONE));
            all.put("W", new Unit("W", BigDecimal.ONE));
            all.put("mW", new Unit("W", new BigDecimal("0.001")));
            all.put("Hz", new Unit("Hz", BigDecimal.ONE));
            return Map.copyOf(all);
        }
    }
}
