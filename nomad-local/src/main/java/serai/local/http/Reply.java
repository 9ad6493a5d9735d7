// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import serai.local.doc.Json;

/** What goes back to the caller. */
sealed interface Reply {
    String JSON = "application/json";
    String TEXT = "text/plain; charset=utf-8";

    /** An answer that is there as a whole. */
    record Whole(int status, String contentType, byte[] body, Map<String, String> headers) implements Reply {
        Whole with(String name, Object value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(name, value.toString());
            return new Whole(status, contentType, body, more);
        }

        /** The headers of a read. */
        Whole asOf(long index) {
            return with("X-Nomad-Index", index)
                    .with("X-Nomad-Knownleader", "true")
                    .with("X-Nomad-Lastcontact", "0");
        }
    }

    /** An answer that is written bit by bit until its source ends or the caller leaves. */
    record Flow(String contentType, Source source) implements Reply {}

    /** Writes a flow. */
    interface Source {
        void writeTo(OutputStream out) throws IOException, InterruptedException;
    }

    static Whole json(JsonNode body) {
        return new Whole(200, JSON, Json.bytes(body), Map.of());
    }

    static Whole text(int status, String text) {
        return new Whole(status, TEXT, text.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    static Whole nothing(int status) {
        return new Whole(status, null, new byte[0], Map.of());
    }
}
