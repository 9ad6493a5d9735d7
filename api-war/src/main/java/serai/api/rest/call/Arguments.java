// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import com.google.protobuf.ByteString;
import com.upokecenter.cbor.CBORObject;
import jakarta.json.JsonArray;
import jakarta.json.JsonValue;
import java.util.Map;
import modal.client.DataFormat;
import modal.client.FunctionInput;
import serai.api.rest.json.Fields;
import serai.api.rest.json.Json;

/**
 * What a function is called with: positions and names, in CBOR as the runtime reads them.
 *
 * @param method of a class; empty for a function
 */
public record Arguments(CBORObject positional, CBORObject named, String method) {
    private static final int MAX_NAMED = 1_000;
    private static final int MAX_METHOD = 256;

    /**
     * @param body {@code {"args": […], "kwargs": {…}, "method": "…"}}, all optional
     * @throws serai.problem.ProblemException {@link serai.problem.Problem#INVALID_ARGUMENT}
     */
    public static Arguments read(byte[] body) {
        var fields = Json.read(body);
        var args = fields.array("args").orElse(JsonValue.EMPTY_JSON_ARRAY);
        var kwargs = fields.map("kwargs", MAX_NAMED);
        var method = fields.text("method", MAX_METHOD).orElse("");
        fields.end();
        return new Arguments(positional(args), named(fields, kwargs), method);
    }

    private static CBORObject positional(JsonArray args) {
        return PythonValues.toPython("args", args);
    }

    private static CBORObject named(Fields fields, Map<String, JsonValue> kwargs) {
        var named = CBORObject.NewOrderedMap();
        kwargs.forEach((name, value) -> named.Add(
                CBORObject.FromObject(name),
                PythonValues.toPython("%s[\"%s\"]".formatted(fields.at("kwargs"), name), value)));
        return named;
    }

    byte[] cbor() {
        return CBORObject.NewArray().Add(positional).Add(named).EncodeToBytes();
    }

    FunctionInput inline(byte[] cbor) {
        return FunctionInput.newBuilder()
                .setMethodName(method)
                .setArgs(ByteString.copyFrom(cbor))
                .setDataFormat(DataFormat.DATA_FORMAT_CBOR)
                .build();
    }

    FunctionInput inBlob(String blobId) {
        return FunctionInput.newBuilder()
                .setMethodName(method)
                .setArgsBlobId(blobId)
                .setDataFormat(DataFormat.DATA_FORMAT_CBOR)
                .build();
    }
}
