// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.json;

import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import serai.problem.Problem;
import serai.problem.ProblemException;

/**
 * An object of a request, read field by field. A field of another type or out of its bounds is refused with its path, the
 * limit and the value; {@link #end} refuses what nobody has read. A {@code null} counts as absent.
 */
public final class Fields {
    private final String path;
    private final JsonObject object;
    private final Set<String> known = new LinkedHashSet<>();

    /** @param path of the object in the body; empty for the body itself */
    Fields(String path, JsonObject object) {
        this.path = path;
        this.object = object;
    }

    public Optional<String> text(String name, int maxLength) {
        return value(name).map(value -> text(at(name), value, maxLength));
    }

    public Optional<String> text(String name, int maxLength, Pattern form, String described) {
        return text(name, maxLength).map(text -> {
            if (!form.matcher(text).matches()) {
                throw refused(at(name), "\"%s\": needed is %s".formatted(text, described));
            }
            return text;
        });
    }

    /** @return within the bounds, both included */
    public Optional<Integer> integer(String name, int min, int max) {
        return value(name).map(value -> {
            if (!(value instanceof JsonNumber number) || !number.isIntegral()) {
                throw refused(at(name), "%s: an integer is needed".formatted(Json.shown(value)));
            }
            return within(at(name), number.bigDecimalValue(), min, max).intValueExact();
        });
    }

    /** @return within the bounds, both included */
    public Optional<Double> number(String name, double min, double max) {
        return value(name).map(value -> {
            if (!(value instanceof JsonNumber number)) {
                throw refused(at(name), "%s: a number is needed".formatted(Json.shown(value)));
            }
            return within(at(name), number.bigDecimalValue(), min, max).doubleValue();
        });
    }

    public Optional<Boolean> bool(String name) {
        return value(name).map(value -> switch (value.getValueType()) {
            case TRUE -> true;
            case FALSE -> false;
            default -> throw refused(at(name), "%s: true or false is needed".formatted(Json.shown(value)));
        });
    }

    private static BigDecimal within(String path, BigDecimal value, double min, double max) {
        if (value.compareTo(BigDecimal.valueOf(min)) < 0 || value.compareTo(BigDecimal.valueOf(max)) > 0) {
            throw refused(
                    path, "%s: from %s to %s is allowed".formatted(value.toPlainString(), plain(min), plain(max)));
        }
        return value;
    }

    private static String plain(double bound) {
        return BigDecimal.valueOf(bound).stripTrailingZeros().toPlainString();
    }

    /** @return what {@code read} makes of the object; it need not call {@link #end} */
    public <T> Optional<T> object(String name, Function<Fields, T> read) {
        return value(name).map(value -> {
            if (!(value instanceof JsonObject inner)) {
                throw refused(at(name), "%s: an object is needed".formatted(Json.shown(value)));
            }
            var fields = new Fields(at(name), inner);
            var result = read.apply(fields);
            fields.end();
            return result;
        });
    }

    public <T> List<T> objects(String name, int max, Function<Fields, T> read) {
        var items = array(name).map(List::<JsonValue>copyOf).orElse(List.of());
        if (items.size() > max) {
            throw refused(at(name), "%d entries: at most %d are allowed".formatted(items.size(), max));
        }
        var results = new ArrayList<T>();
        for (int i = 0; i < items.size(); i++) {
            var here = "%s[%d]".formatted(at(name), i);
            if (!(items.get(i) instanceof JsonObject inner)) {
                throw refused(here, "%s: an object is needed".formatted(Json.shown(items.get(i))));
            }
            var fields = new Fields(here, inner);
            results.add(read.apply(fields));
            fields.end();
        }
        return results;
    }

    /**
     * A list of texts; empty where it is absent.
     *
     * @param what each of them is, for whoever sends something else
     */
    public List<String> strings(String name, int max, String what) {
        var entries = array(name).map(List::<JsonValue>copyOf).orElse(List.of());
        if (entries.size() > max) {
            throw refused(at(name), "%d entries: at most %d are allowed".formatted(entries.size(), max));
        }
        return entries.stream()
                .map(entry -> {
                    if (entry instanceof JsonString text) {
                        return text.getString();
                    }
                    throw refused(at(name), "%s: %s is needed".formatted(entry, what));
                })
                .toList();
    }

    /** Names and their values, of which the caller knows the type. */
    public Map<String, JsonValue> map(String name, int max) {
        return value(name)
                .map(value -> {
                    if (!(value instanceof JsonObject inner)) {
                        throw refused(at(name), "%s: an object is needed".formatted(Json.shown(value)));
                    }
                    if (inner.size() > max) {
                        throw refused(at(name), "%d entries: at most %d are allowed".formatted(inner.size(), max));
                    }
                    return (Map<String, JsonValue>) inner;
                })
                .orElse(Map.of());
    }

    public Map<String, String> texts(String name, int max, int maxLength) {
        var texts = new LinkedHashMap<String, String>();
        map(name, max)
                .forEach((key, value) -> texts.put(key, text("%s[\"%s\"]".formatted(at(name), key), value, maxLength)));
        return texts;
    }

    public Optional<JsonArray> array(String name) {
        return value(name).map(value -> {
            if (!(value instanceof JsonArray array)) {
                throw refused(at(name), "%s: an array is needed".formatted(Json.shown(value)));
            }
            return array;
        });
    }

    /** @return of any type; empty where it is absent or null */
    public Optional<JsonValue> value(String name) {
        known.add(name);
        return Optional.ofNullable(object.get(name)).filter(value -> value.getValueType() != JsonValue.ValueType.NULL);
    }

    /** @throws ProblemException {@link Problem#INVALID_ARGUMENT} if there is a field that was not asked for */
    public void end() {
        for (var name : object.keySet()) {
            if (!known.contains(name)) {
                throw refused(at(name), "unknown; there are: " + String.join(", ", known));
            }
        }
    }

    /** For a field that has to be there. */
    public ProblemException missing(String name) {
        return refused(at(name), "missing");
    }

    /** For what only the reader of the field can judge. */
    public ProblemException refused(String name, String why, Object... values) {
        return refused(at(name), why.formatted(values));
    }

    /** @return the field's place in the body */
    public String at(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private static String text(String path, JsonValue value, int maxLength) {
        if (!(value instanceof JsonString string)) {
            throw refused(path, "%s: a string is needed".formatted(Json.shown(value)));
        }
        var text = string.getString();
        if (text.length() > maxLength) {
            throw refused(path, "%d characters: at most %d are allowed".formatted(text.length(), maxLength));
        }
        if (text.indexOf('\0') >= 0) {
            throw refused(path, "the character U+0000 is not allowed");
        }
        return text;
    }

    private static ProblemException refused(String path, String why) {
        return Problem.INVALID_ARGUMENT.because("%s: %s", path, why);
    }
}
