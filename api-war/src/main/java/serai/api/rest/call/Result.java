// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import jakarta.json.JsonValue;
import java.util.Optional;

/** What a finished call gave. */
public sealed interface Result {
    /** In JSON. */
    record Value(JsonValue json) implements Result {}

    /** There is one, and it is not shown. */
    record Elsewhere(Reference reference) implements Result {}

    record Failed(Failure failure) implements Result {}

    /**
     * A result that JSON cannot show.
     *
     * @param format {@code cbor}, or {@code pickle} where a client made the call: then only a client can read it
     * @param bytes its size
     * @param url where it can be had for an hour; null if it lies inline and is nothing but a pickle
     */
    record Reference(String format, long bytes, String url, String why) {}

    default Optional<JsonValue> shown() {
        return this instanceof Value(JsonValue json) ? Optional.of(json) : Optional.empty();
    }
}
