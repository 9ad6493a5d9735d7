// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.StreamSupport;
import serai.local.doc.Json;

/** What a real Nomad answered. */
record Recording(List<Exchange> exchanges) {

    /** One call and its answer. */
    record Exchange(int number, JsonNode doc) {
        String method() {
            return doc.at("/request/method").asText();
        }

        String target() {
            String query = doc.at("/request/query").asText("");
            return doc.at("/request/path").asText() + (query.isEmpty() ? "" : "?" + query);
        }

        /** A text is a body that is sent as it is. */
        String body() {
            JsonNode body = doc.at("/request/body");
            return body.isMissingNode() ? "" : body.isTextual() ? body.textValue() : body.toString();
        }

        int status() {
            return doc.at("/response/status").asInt();
        }

        JsonNode answer() {
            return doc.at("/response/body");
        }

        String note() {
            return doc.path("note").asText("");
        }

        @Override
        public String toString() {
            return number + " " + method() + " " + target() + " (" + note() + ")";
        }
    }

    /** @param name as in {@code 01-register-count0} */
    static Recording of(String name) {
        try (InputStream in = Recording.class.getResourceAsStream("/recordings/" + name + ".json")) {
            JsonNode list = Json.MAPPER.readTree(in).path("exchanges");
            int[] number = {0};
            return new Recording(StreamSupport.stream(list.spliterator(), false)
                    .map(doc -> new Exchange(number[0]++, doc))
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Exchange get(int number) {
        return exchanges.get(number);
    }
}
