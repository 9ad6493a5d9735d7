// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import modal.client.ClassParameterInfo.ParameterSerializationFormat;
import modal.client.ClassParameterSet;
import modal.client.ClassParameterValue;
import modal.client.FunctionHandleMetadata;
import modal.client.FunctionOptions;
import serai.function.Binding;
import serai.problem.Problem;

/** Reads what a function is bound to. */
public final class Bindings {
    private Bindings() {}

    /**
     * @param handle of the function that is bound
     * @param params as the client serialized them; what is not in the declared format is refused, other formats pass unread
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT}
     */
    public static Binding of(FunctionHandleMetadata handle, byte[] params, FunctionOptions options) {
        if (isDeclared(handle)) {
            var given = parse(params);
            handle.getClassParameterInfo().getSchemaList().stream()
                    .filter(parameter -> given.getParametersList().stream()
                            .noneMatch(value -> value.getName().equals(parameter.getName())))
                    .findFirst()
                    .ifPresent(lacking -> {
                        throw Problem.INVALID_ARGUMENT.because(
                                "%s: parameter '%s' has no value", handle.getFunctionName(), lacking.getName());
                    });
        }
        var normal = Options.normal(options);
        return new Binding(
                params,
                normal.equals(FunctionOptions.getDefaultInstance())
                        ? Optional.empty()
                        : Optional.of(normal.toByteArray()));
    }

    /** What people want to see of the parameters; empty for those in a format that we do not read. */
    public static Map<String, Object> parameters(FunctionHandleMetadata handle, byte[] params) {
        var shown = new LinkedHashMap<String, Object>();
        if (isDeclared(handle)) {
            parse(params).getParametersList().forEach(value -> shown.put(value.getName(), shown(value)));
        }
        return shown;
    }

    private static Object shown(ClassParameterValue value) {
        return switch (value.getValueOneofCase()) {
            case STRING_VALUE -> value.getStringValue();
            case INT_VALUE -> value.getIntValue();
            case BOOL_VALUE -> value.getBoolValue();
            case BYTES_VALUE -> "%d bytes".formatted(value.getBytesValue().size());
            case PICKLE_VALUE -> "a Python object";
            case VALUEONEOF_NOT_SET -> "";
        };
    }

    private static boolean isDeclared(FunctionHandleMetadata handle) {
        return handle.getClassParameterInfo().getFormat()
                == ParameterSerializationFormat.PARAM_SERIALIZATION_FORMAT_PROTO;
    }

    private static ClassParameterSet parse(byte[] params) {
        try {
            return ClassParameterSet.parseFrom(params);
        } catch (InvalidProtocolBufferException e) {
            throw Problem.INVALID_ARGUMENT.because("serialized_params: not the parameters of a class");
        }
    }
}
