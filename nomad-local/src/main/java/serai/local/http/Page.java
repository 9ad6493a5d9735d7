// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import serai.local.control.RefusedException;
import serai.local.doc.Json;

/**
 * The part of a list that is asked for.
 *
 * @param size 0 for all
 * @param token the entry to begin with, as the page before named it; empty for the first
 */
record Page(int size, String token, boolean reverse, Filter filter) {

    static Page asked(Call call) {
        String size = call.query("per_page", "");
        if (!size.matches("-?[0-9]{0,9}") || size.equals("-")) {
            throw new RefusedException(400, "Expect a number for `per_page` query string parameter");
        }
        return new Page(
                size.isEmpty() ? 0 : Math.max(0, Integer.parseInt(size)),
                call.query("next_token", ""),
                call.flag("reverse"),
                call.query("filter")
                        .filter(text -> !text.isBlank())
                        .map(Filter::parse)
                        .orElse(Filter.NONE));
    }

    /** An entry's name among its like. */
    private static String key(JsonNode entry) {
        for (String field : List.of("ID", "Path", "Name")) {
            if (entry.has(field)) {
                String namespace = Json.text(entry, "Namespace");
                return (namespace.isEmpty() ? "" : namespace + ".") + Json.text(entry, field);
            }
        }
        return entry.toString();
    }

    Reply.Whole of(ArrayNode list) {
        List<JsonNode> entries = new ArrayList<>();
        list.forEach(entries::add);
        if (reverse) {
            Collections.reverse(entries);
        }
        int start = token.isEmpty() ? 0 : start(entries);
        ArrayNode page = Json.array();
        for (JsonNode entry : entries.subList(start, entries.size())) {
            if (filter.accepts(entry)) {
                if (size > 0 && page.size() == size) {
                    return Reply.json(page).with("X-Nomad-Nexttoken", key(entry));
                }
                page.add(entry);
            }
        }
        return Reply.json(page);
    }

    /** Where the entry is, or where it would be if it had not gone meanwhile. */
    private int start(List<JsonNode> entries) {
        for (int i = 0; i < entries.size(); i++) {
            int order = key(entries.get(i)).compareTo(token);
            if (reverse ? order <= 0 : order >= 0) {
                return i;
            }
        }
        return entries.size();
    }
}
