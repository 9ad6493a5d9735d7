// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.doc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Equal parts of documents are one object: most of a job is what all others of its author have, too. Forgets what nobody
 * holds any more. Not for several threads.
 */
public final class Sharing {
    /** Shorter texts are not worth the reference that finds them again. */
    private static final int LONG_TEXT = 200;

    private final Map<JsonNode, WeakReference<JsonNode>> known = new WeakHashMap<>();

    /** @return a document that equals {@code doc} and whose parts are those of earlier ones, as far as they are equal */
    public ObjectNode of(ObjectNode doc) {
        return (ObjectNode) shared(doc);
    }

    private JsonNode shared(JsonNode node) {
        if (node.isObject()) {
            ObjectNode parts = Json.object();
            node.properties().forEach(field -> parts.set(field.getKey(), shared(field.getValue())));
            return first(parts);
        }
        if (node.isArray()) {
            ArrayNode parts = Json.array();
            node.forEach(item -> parts.add(shared(item)));
            return first(parts);
        }
        return node.isTextual() && node.textValue().length() >= LONG_TEXT ? first(node) : node;
    }

    private JsonNode first(JsonNode node) {
        WeakReference<JsonNode> reference = known.get(node);
        JsonNode earlier = reference == null ? null : reference.get();
        if (earlier != null) {
            return earlier;
        }
        known.put(node, new WeakReference<>(node));
        return node;
    }
}
