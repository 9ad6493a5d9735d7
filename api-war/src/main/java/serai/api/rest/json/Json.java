// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.json;

import jakarta.json.JsonConfig;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonReaderFactory;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonParsingException;
import java.io.ByteArrayInputStream;
import java.util.Map;
import serai.problem.Problem;

/** Request bodies. */
public final class Json {
    private static final int SHOWN = 80;

    /** Kept: each look-up of the provider searches the class path, under locks of the server's class loaders. */
    public static final JsonProvider PROVIDER = JsonProvider.provider();

    private static final JsonReaderFactory READERS =
            PROVIDER.createReaderFactory(Map.of(JsonConfig.KEY_STRATEGY, JsonConfig.KeyStrategy.NONE));

    private Json() {}

    /**
     * @param body of the request; null or empty counts as an empty object
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} with line and column, or with the type found
     */
    public static Fields read(byte[] body) {
        if (body == null || body.length == 0) {
            return new Fields("", JsonValue.EMPTY_JSON_OBJECT);
        }
        try (JsonReader reader = READERS.createReader(new ByteArrayInputStream(body))) {
            var value = reader.readValue();
            if (value instanceof JsonObject object) {
                return new Fields("", object);
            }
            throw Problem.INVALID_ARGUMENT.because("the body is %s: an object is needed", shown(value));
        } catch (JsonParsingException e) {
            throw Problem.INVALID_ARGUMENT.because(
                    "the body is no JSON: unreadable at line %d, column %d",
                    Math.max(1, e.getLocation().getLineNumber()),
                    Math.max(1, e.getLocation().getColumnNumber()));
        } catch (JsonException | IllegalStateException e) { // the latter for a name that occurs twice
            throw Problem.INVALID_ARGUMENT.because("the body is no JSON, is not UTF-8, or has a name twice");
        }
    }

    /** A value as a refusal quotes it: short. */
    static String shown(JsonValue value) {
        var text = value instanceof JsonString string ? '"' + string.getString() + '"' : value.toString();
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }
}
