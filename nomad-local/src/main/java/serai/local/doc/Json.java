// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.doc;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.stream.Collector;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Documents are values here: what was stored is never changed, a change is a copy. */
public final class Json {
    public static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private Json() {}

    public static ObjectNode object(Object... pairs) {
        return put(MAPPER.createObjectNode(), pairs);
    }

    public static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    /** A copy of {@code doc} in which the named fields have new values; a value of null removes the field. */
    public static ObjectNode with(ObjectNode doc, Object... pairs) {
        ObjectNode copy = MAPPER.createObjectNode();
        copy.setAll(doc);
        return put(copy, pairs);
    }

    private static ObjectNode put(ObjectNode doc, Object... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            String name = (String) pairs[i];
            if (pairs[i + 1] == null) {
                doc.remove(name);
            } else {
                doc.set(name, pairs[i + 1] instanceof JsonNode node ? node : MAPPER.valueToTree(pairs[i + 1]));
            }
        }
        return doc;
    }

    public static JsonNode at(JsonNode doc, String... path) {
        JsonNode node = doc;
        for (String step : path) {
            node = node == null ? MissingNode.getInstance() : node.path(step);
        }
        return node;
    }

    public static String text(JsonNode doc, String field) {
        JsonNode value = doc.path(field);
        return value.isTextual() ? value.textValue() : "";
    }

    public static long number(JsonNode doc, String field) {
        return doc.path(field).asLong(0);
    }

    public static boolean flag(JsonNode doc, String field) {
        return doc.path(field).asBoolean(false);
    }

    public static Stream<JsonNode> each(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    public static Collector<JsonNode, ArrayNode, ArrayNode> toArray() {
        return Collector.of(Json::array, ArrayNode::add, (a, b) -> a.addAll(b));
    }

    /** Equality that takes a number for its value: 5 read as an int equals 5 computed as a long. */
    public static boolean same(JsonNode a, JsonNode b) {
        return a.equals(BY_VALUE, b);
    }

    private static final Comparator<JsonNode> BY_VALUE = (a, b) -> {
        if (a.equals(b)) {
            return 0;
        }
        return a.isNumber() && b.isNumber() ? a.decimalValue().compareTo(b.decimalValue()) : 1;
    };

    public static byte[] bytes(JsonNode doc) {
        try {
            return MAPPER.writeValueAsBytes(doc);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
