// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import modal.client.ClassParameterInfo.ParameterSerializationFormat;
import modal.client.ClassParameterSet;
import modal.client.ClassParameterSpec;
import modal.client.ClassParameterValue;
import modal.client.FunctionHandleMetadata;
import modal.client.FunctionOptions;
import modal.client.ParameterType;
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

    /**
     * What a class is bound to by values that are texts, in the order of its declaration.
     *
     * @param given a parameter's text, if it is said; else its default counts
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for what is missing, or no value of its type
     */
    public static Binding ofTexts(List<ClassParameterSpec> schema, Function<String, Optional<String>> given) {
        var values = ClassParameterSet.newBuilder();
        for (var parameter : schema) {
            values.addParameters(given.apply(parameter.getName())
                    .map(text -> value(parameter, text))
                    .or(() -> standard(parameter))
                    .orElseThrow(() -> Problem.INVALID_ARGUMENT.because(
                            "the class needs a value for %s, as in ?%s=...",
                            parameter.getName(), parameter.getName())));
        }
        return new Binding(values.build().toByteArray(), Optional.empty());
    }

    private static ClassParameterValue value(ClassParameterSpec parameter, String text) {
        var value =
                ClassParameterValue.newBuilder().setName(parameter.getName()).setType(typeOf(parameter));
        return switch (typeOf(parameter)) {
            case PARAM_TYPE_STRING -> value.setStringValue(text).build();
            case PARAM_TYPE_INT -> value.setIntValue(number(parameter, text)).build();
            case PARAM_TYPE_BOOL -> value.setBoolValue(truth(parameter, text)).build();
            default ->
                throw Problem.INVALID_ARGUMENT.because(
                        "%s: only texts, whole numbers and booleans can be said in a query", parameter.getName());
        };
    }

    /** Newer clients say it in detail, older ones in brief. */
    private static ParameterType typeOf(ClassParameterSpec parameter) {
        return parameter.getFullType().getBaseType() == ParameterType.PARAM_TYPE_UNSPECIFIED
                ? parameter.getType()
                : parameter.getFullType().getBaseType();
    }

    private static long number(ClassParameterSpec parameter, String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw Problem.INVALID_ARGUMENT.because("%s=%s: a whole number is needed", parameter.getName(), text);
        }
    }

    private static boolean truth(ClassParameterSpec parameter, String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default ->
                throw Problem.INVALID_ARGUMENT.because("%s=%s: true or false is needed", parameter.getName(), text);
        };
    }

    private static Optional<ClassParameterValue> standard(ClassParameterSpec parameter) {
        var value =
                ClassParameterValue.newBuilder().setName(parameter.getName()).setType(typeOf(parameter));
        switch (parameter.getDefaultOneofCase()) {
            case STRING_DEFAULT -> value.setStringValue(parameter.getStringDefault());
            case INT_DEFAULT -> value.setIntValue(parameter.getIntDefault());
            case BOOL_DEFAULT -> value.setBoolValue(parameter.getBoolDefault());
            case BYTES_DEFAULT -> value.setBytesValue(parameter.getBytesDefault());
            case PICKLE_DEFAULT -> value.setPickleValue(parameter.getPickleDefault());
            case DEFAULTONEOF_NOT_SET -> {
                return Optional.empty();
            }
        }
        return Optional.of(value.build());
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
