// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import com.upokecenter.cbor.CBORException;
import com.upokecenter.cbor.CBORObject;
import com.upokecenter.cbor.CBORType;
import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.UUID;
import serai.api.rest.json.Json;
import serai.problem.Problem;

/**
 * JSON for people, CBOR for Python. What JSON has no word for is an object with one name that begins with a dollar sign:
 *
 * <ul>
 *   <li>{@code {"$bytes": "<base64>"}}: bytes, in both directions
 *   <li>{@code {"$float": "nan"}}, {@code "inf"}, {@code "-inf"}, in both directions
 *   <li>{@code {"$map": [[key, value], …]}}: a dict whose keys are neither strings nor integers, or that would be taken
 *       for one of these objects, in both directions
 *   <li>{@code {"$tag": 258, "value": …}}: what CBOR tags and this page does not name, from Python only
 * </ul>
 *
 * Tuples and sets become arrays, integer keys strings, dates and times ISO 8601, decimals and fractions strings.
 */
public final class PythonValues {
    private static final int MAX_DEPTH = 100;

    private static final String BYTES = "$bytes";
    private static final String FLOAT = "$float";
    private static final String MAP = "$map";
    private static final String TAG = "$tag";

    private static final int DECIMAL = 4;
    private static final int RATIONAL = 30;
    private static final int UUID_TAG = 37;
    private static final int SET = 258;

    private PythonValues() {}

    /**
     * @param path of the value in the request, for a refusal
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for a form that nobody can read
     */
    public static CBORObject toPython(String path, JsonValue value) {
        return toPython(path, value, 0);
    }

    private static CBORObject toPython(String path, JsonValue value, int depth) {
        if (depth > MAX_DEPTH) {
            throw Problem.INVALID_ARGUMENT.because("%s: nested deeper than %d levels", path, MAX_DEPTH);
        }
        return switch (value.getValueType()) {
            case NULL -> CBORObject.Null;
            case TRUE -> CBORObject.True;
            case FALSE -> CBORObject.False;
            case STRING -> CBORObject.FromObject(((JsonString) value).getString());
            case NUMBER -> number((JsonNumber) value);
            case ARRAY -> {
                var array = CBORObject.NewArray();
                var items = value.asJsonArray();
                for (int i = 0; i < items.size(); i++) {
                    array.Add(toPython("%s[%d]".formatted(path, i), items.get(i), depth + 1));
                }
                yield array;
            }
            case OBJECT -> object(path, value.asJsonObject(), depth);
        };
    }

    /** {@code 1} is an int and {@code 1.0} a float, as in Python. */
    private static CBORObject number(JsonNumber number) {
        var text = number.toString();
        return text.matches("-?\\d+")
                ? CBORObject.FromObject(com.upokecenter.numbers.EInteger.FromString(text))
                : CBORObject.FromObject(number.doubleValue());
    }

    private static CBORObject object(String path, JsonObject object, int depth) {
        if (object.size() == 1) {
            var entry = object.entrySet().iterator().next();
            switch (entry.getKey()) {
                case BYTES -> {
                    return CBORObject.FromObject(bytes(path, entry.getValue()));
                }
                case FLOAT -> {
                    return CBORObject.FromObject(special(path, entry.getValue()));
                }
                case MAP -> {
                    return pairs(path, entry.getValue(), depth);
                }
                default -> {}
            }
        }
        var map = CBORObject.NewOrderedMap();
        object.forEach((key, value) ->
                map.Set(CBORObject.FromObject(key), toPython("%s[\"%s\"]".formatted(path, key), value, depth + 1)));
        return map;
    }

    private static byte[] bytes(String path, JsonValue value) {
        try {
            if (value instanceof JsonString text) {
                return Base64.getDecoder().decode(text.getString());
            }
        } catch (IllegalArgumentException e) {
            throw Problem.INVALID_ARGUMENT.because("%s.%s: no base64: %s", path, BYTES, e.getMessage());
        }
        throw Problem.INVALID_ARGUMENT.because("%s.%s: a string in base64 is needed", path, BYTES);
    }

    private static double special(String path, JsonValue value) {
        return switch (value instanceof JsonString text ? text.getString() : "") {
            case "nan" -> Double.NaN;
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> throw Problem.INVALID_ARGUMENT.because("%s.%s: nan, inf or -inf is needed", path, FLOAT);
        };
    }

    private static CBORObject pairs(String path, JsonValue value, int depth) {
        if (!(value instanceof JsonArray entries)) {
            throw Problem.INVALID_ARGUMENT.because("%s.%s: an array of pairs is needed", path, MAP);
        }
        var map = CBORObject.NewOrderedMap();
        for (var entry : entries) {
            if (!(entry instanceof JsonArray pair) || pair.size() != 2) {
                throw Problem.INVALID_ARGUMENT.because("%s.%s: an array of pairs is needed", path, MAP);
            }
            map.Set(toPython(path, pair.get(0), depth + 1), toPython(path, pair.get(1), depth + 1));
        }
        return map;
    }

    /** @throws CBORException if it is none, or is cut off */
    public static JsonValue toJson(byte[] cbor) {
        return toJson(CBORObject.DecodeFromBytes(cbor));
    }

    static JsonValue toJson(CBORObject value) {
        if (value.isTagged()) {
            return tagged(value);
        }
        return switch (value.getType()) {
            case Integer, FloatingPoint, Number -> number(value);
            case TextString -> Json.PROVIDER.createValue(value.AsString());
            case ByteString ->
                one(BYTES, Json.PROVIDER.createValue(Base64.getEncoder().encodeToString(value.GetByteString())));
            case Boolean -> value.isTrue() ? JsonValue.TRUE : JsonValue.FALSE;
            case Array -> {
                var array = Json.PROVIDER.createArrayBuilder();
                value.getValues().forEach(item -> array.add(toJson(item)));
                yield array.build();
            }
            case Map -> map(value);
            case SimpleValue -> JsonValue.NULL; // None, and what Python has no other use for
            default -> throw new CBORException("a value of type " + value.getType());
        };
    }

    private static JsonValue number(CBORObject value) {
        if (value.getType() == CBORType.Integer) {
            return Json.PROVIDER.createValue(
                    new BigInteger(value.AsEIntegerValue().toString()));
        }
        double number = value.AsDoubleValue();
        if (Double.isFinite(number)) {
            return Json.PROVIDER.createValue(number);
        }
        return one(FLOAT, Json.PROVIDER.createValue(Double.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf"));
    }

    private static JsonValue map(CBORObject map) {
        var isPlain = map.getKeys().stream()
                .allMatch(key ->
                        !key.isTagged() && (key.getType() == CBORType.TextString || key.getType() == CBORType.Integer));
        if (isPlain && !looksSpecial(map)) {
            var object = Json.PROVIDER.createObjectBuilder();
            map.getEntries().forEach(entry -> object.add(name(entry.getKey()), toJson(entry.getValue())));
            return object.build();
        }
        var pairs = Json.PROVIDER.createArrayBuilder();
        map.getEntries()
                .forEach(entry -> pairs.add(Json.PROVIDER
                        .createArrayBuilder()
                        .add(toJson(entry.getKey()))
                        .add(toJson(entry.getValue()))));
        return Json.PROVIDER.createObjectBuilder().add(MAP, pairs).build();
    }

    private static boolean looksSpecial(CBORObject map) {
        return map.size() <= 2
                && map.getKeys().stream()
                        .anyMatch(key -> key.getType() == CBORType.TextString
                                && key.AsString().startsWith("$"));
    }

    private static String name(CBORObject key) {
        return key.getType() == CBORType.TextString
                ? key.AsString()
                : key.AsEIntegerValue().toString();
    }

    private static JsonValue tagged(CBORObject value) {
        var inner = value.UntagOne();
        if (value.HasMostOuterTag(2) || value.HasMostOuterTag(3)) {
            var positive = new BigInteger(1, inner.GetByteString());
            return Json.PROVIDER.createValue(value.HasMostOuterTag(2) ? positive : positive.not());
        }
        if (value.HasMostOuterTag(UUID_TAG)
                && inner.getType() == CBORType.ByteString
                && inner.GetByteString().length == 16) {
            var bytes = ByteBuffer.wrap(inner.GetByteString());
            return Json.PROVIDER.createValue(new UUID(bytes.getLong(), bytes.getLong()).toString());
        }
        if (value.HasMostOuterTag(DECIMAL) || value.HasMostOuterTag(RATIONAL)) {
            return Json.PROVIDER.createValue(exact(value, inner));
        }
        if (value.HasMostOuterTag(SET) || inner.getType() == CBORType.TextString) {
            return toJson(inner);
        }
        return Json.PROVIDER
                .createObjectBuilder()
                .add(TAG, new BigInteger(value.getMostOuterTag().toString()))
                .add("value", toJson(inner))
                .build();
    }

    private static String exact(CBORObject value, CBORObject pair) {
        var first = integer(pair.get(0));
        var second = integer(pair.get(1));
        return value.HasMostOuterTag(RATIONAL)
                ? first + "/" + second
                : new java.math.BigDecimal(second, -first.intValueExact()).toString();
    }

    private static BigInteger integer(CBORObject value) {
        return ((JsonNumber) toJson(value)).bigIntegerValueExact();
    }

    private static JsonValue one(String name, JsonValue value) {
        return Json.PROVIDER.createObjectBuilder().add(name, value).build();
    }
}
