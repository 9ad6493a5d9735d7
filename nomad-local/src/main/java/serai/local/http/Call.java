// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.local.control.RefusedException;
import serai.local.doc.Json;

/**
 * A request.
 *
 * @param parameters what stands in the places of the path's pattern
 * @param query each parameter's values, decoded
 */
record Call(String method, List<String> parameters, Map<String, List<String>> query, byte[] body) {

    String parameter(int number) {
        return parameters.get(number);
    }

    Optional<String> query(String name) {
        return Optional.ofNullable(query.get(name)).map(List::getFirst);
    }

    String query(String name, String otherwise) {
        return query(name).orElse(otherwise);
    }

    boolean flag(String name) {
        return query(name)
                .map(text -> !text.equals("false") && !text.equals("0"))
                .orElse(false);
    }

    String namespace() {
        return query("namespace").filter(name -> !name.isEmpty()).orElse("default");
    }

    boolean inNamespace(String name) {
        return namespace().equals("*") || namespace().equals(name);
    }

    /** @throws RefusedException in Go's words if the body is no JSON object; null counts as an empty one */
    JsonNode json(String goType) {
        if (body.length == 0) {
            throw new RefusedException(400, "Request body is empty");
        }
        try {
            JsonNode json = Json.MAPPER.readTree(body);
            if (json == null || json.isMissingNode()) {
                throw new RefusedException(400, "Request body is empty");
            }
            if (!json.isObject() && !json.isNull()) {
                throw new RefusedException(
                        400,
                        "json: cannot unmarshal %s into Go value of type %s"
                                .formatted(json.isArray() ? "array" : json.isTextual() ? "string" : "number", goType));
            }
            return json.isNull() ? Json.object() : json;
        } catch (JsonEOFException e) {
            throw new RefusedException(400, "unexpected EOF");
        } catch (JsonProcessingException e) {
            throw new RefusedException(400, "invalid JSON: " + e.getOriginalMessage());
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
