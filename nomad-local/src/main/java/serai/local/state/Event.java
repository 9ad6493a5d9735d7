// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import serai.local.doc.Json;

/** Something that changed, as the event stream tells it. */
public record Event(
        String topic, String type, String key, String namespace, List<String> filterKeys, ObjectNode payload) {

    /** The events of one commit: one line of the stream. */
    public record Line(long index, List<Event> events) {}

    public boolean concerns(String wantedKey) {
        return wantedKey.equals("*") || wantedKey.equals(key) || filterKeys.contains(wantedKey);
    }

    public ObjectNode json(long index) {
        ObjectNode doc = Json.object("Index", index, "Key", key, "Namespace", namespace, "Topic", topic, "Type", type);
        if (filterKeys.isEmpty()) {
            doc.putNull("FilterKeys");
        } else {
            doc.set("FilterKeys", Json.MAPPER.valueToTree(filterKeys));
        }
        doc.set("Payload", payload);
        return doc;
    }
}
