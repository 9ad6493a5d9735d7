// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.doc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What is known about an object of the API: the spelling of its fields, their kinds and what an absent one becomes. Keys are
 * matched without regard to case; fields that are not known are kept as they came.
 */
public final class Shape {
    /** How a value is checked and rewritten. */
    public sealed interface Kind {}

    /** A single value. {@code go} is the type that Nomad names in its complaint. */
    public enum Scalar implements Kind {
        STRING("string"),
        INT("int"),
        INT64("int64"),
        DURATION("time.Duration"),
        BOOL("bool");

        final String go;

        Scalar(String go) {
            this.go = go;
        }

        boolean accepts(JsonNode value) {
            return switch (this) {
                case STRING -> value.isTextual();
                case BOOL -> value.isBoolean();
                case INT, INT64, DURATION -> value.isIntegralNumber();
            };
        }
    }

    /** Anything, left as it came. */
    public record Free() implements Kind {}

    public record Nested(Shape shape) implements Kind {}

    public record Listed(Kind of) implements Kind {}

    private record Field(String name, Kind kind, JsonNode absent) {}

    private final String name;
    private final Map<String, Field> fields = new LinkedHashMap<>();

    public Shape(String name) {
        this.name = name;
    }

    /** A field that is null when absent. */
    public Shape nullable(String field, Kind kind) {
        return field(field, kind, NullNode.getInstance());
    }

    /** A field that stays absent when absent. */
    public Shape optional(String field, Kind kind) {
        return field(field, kind, null);
    }

    public Shape field(String field, Kind kind, Object absent) {
        JsonNode value =
                absent == null || absent instanceof JsonNode ? (JsonNode) absent : Json.MAPPER.valueToTree(absent);
        fields.put(field.toLowerCase(Locale.ROOT), new Field(field, kind, value));
        return this;
    }

    public Nested nested() {
        return new Nested(this);
    }

    public Listed list() {
        return new Listed(nested());
    }

    /** @throws MistypedException in Go's words when a value is of the wrong kind */
    public ObjectNode conform(JsonNode given) {
        return conform(given, "");
    }

    private ObjectNode conform(JsonNode given, String path) {
        ObjectNode result = Json.object();
        given.properties().forEach(entry -> {
            Field known = fields.get(entry.getKey().toLowerCase(Locale.ROOT));
            if (known == null) {
                result.set(entry.getKey(), entry.getValue());
            } else if (!entry.getValue().isNull()) {
                result.set(known.name, value(known.kind, entry.getValue(), path + known.name));
            }
        });
        fields.values().forEach(field -> {
            if (field.absent != null && !result.has(field.name)) {
                result.set(field.name, field.absent);
            }
        });
        return result;
    }

    private JsonNode value(Kind kind, JsonNode given, String path) {
        return switch (kind) {
            case Free() -> given;
            case Scalar scalar -> {
                if (!scalar.accepts(given)) {
                    throw mistyped(given, path, scalar.go);
                }
                yield given;
            }
            case Nested(Shape shape) -> {
                if (!given.isObject()) {
                    throw mistyped(given, path, "api." + shape.name);
                }
                yield shape.conform(given, path + ".");
            }
            case Listed(Kind of) -> {
                if (!given.isArray()) {
                    throw mistyped(given, path, "[]*api." + name);
                }
                ArrayNode list = Json.array();
                given.forEach(item -> list.add(value(of, item, path)));
                yield list;
            }
        };
    }

    private MistypedException mistyped(JsonNode given, String path, String go) {
        return new MistypedException("json: cannot unmarshal %s into Go struct field %s.%s of type %s"
                .formatted(goKind(given), name, path, go));
    }

    private static String goKind(JsonNode given) {
        return switch (given.getNodeType()) {
            case STRING -> "string";
            case BOOLEAN -> "bool";
            case NUMBER -> given.isIntegralNumber() ? "number" : "number " + given.asText();
            case ARRAY -> "array";
            case OBJECT -> "object";
            case NULL, MISSING, BINARY, POJO -> "null";
        };
    }
}
