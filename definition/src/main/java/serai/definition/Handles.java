// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.util.Map;
import modal.client.Function;
import modal.client.FunctionHandleMetadata;
import modal.client.FunctionPrecreateRequest;
import modal.client.MethodDefinition;
import serai.function.Definition;
import serai.protocol.Messages;

/** What a client has to know of a function to call it. */
public final class Handles {
    private Handles() {}

    /** @param function whose definition it is, or a variant that runs by it */
    public static FunctionHandleMetadata of(serai.function.Function function, Definition definition) {
        var handle = Messages.handle(definition.id(), definition.wire().handle());
        return function.baseId()
                .map(base -> handle.toBuilder().setBaseFunctionId(base).build())
                .orElse(handle);
    }

    /** Before there is a definition; it is pickled into other functions already. */
    public static FunctionHandleMetadata of(
            String appId, FunctionPrecreateRequest request, Map<String, WebNames.WebName> names) {
        var handle = FunctionHandleMetadata.newBuilder()
                .setFunctionName(request.getFunctionName())
                .setFunctionType(request.getFunctionType())
                .setAppId(appId)
                .addAllSupportedInputFormats(request.getSupportedInputFormatsList())
                .addAllSupportedOutputFormats(request.getSupportedOutputFormatsList());
        if (request.hasFunctionSchema()) {
            handle.setFunctionSchema(request.getFunctionSchema());
        }
        putMethods(handle, request.getMethodDefinitionsMap());
        names.forEach((method, name) -> putAddress(handle, method, name.url()));
        return handle.build();
    }

    private static void putAddress(FunctionHandleMetadata.Builder handle, String method, String url) {
        if (method.isEmpty()) {
            handle.setWebUrl(url);
        } else {
            handle.putMethodHandleMetadata(
                    method,
                    handle.getMethodHandleMetadataOrThrow(method).toBuilder()
                            .setWebUrl(url)
                            .build());
        }
    }

    public static FunctionHandleMetadata of(String appId, Function function) {
        var handle = FunctionHandleMetadata.newBuilder()
                .setFunctionName(function.getFunctionName())
                .setFunctionType(function.getFunctionType())
                .setAppId(appId)
                .addAllSupportedInputFormats(function.getSupportedInputFormatsList())
                .addAllSupportedOutputFormats(function.getSupportedOutputFormatsList());
        handle.setWebUrl(function.getWebUrl()).addAllExperimentalFlashUrls(function.getFlashServiceUrlsList());
        if (function.hasFunctionSchema()) {
            handle.setFunctionSchema(function.getFunctionSchema());
        }
        if (function.hasClassParameterInfo()) {
            handle.setClassParameterInfo(function.getClassParameterInfo());
        }
        putMethods(handle, function.getMethodDefinitionsMap());
        return handle.build();
    }

    /** The methods of a class are called through its one function. */
    private static void putMethods(FunctionHandleMetadata.Builder handle, Map<String, MethodDefinition> methods) {
        methods.forEach((name, method) -> {
            var own = FunctionHandleMetadata.newBuilder()
                    .setFunctionName(method.getFunctionName())
                    .setFunctionType(method.getFunctionType())
                    .setAppId(handle.getAppId())
                    .setIsMethod(true)
                    .setUseMethodName(name)
                    .setWebUrl(method.getWebUrl())
                    .addAllSupportedInputFormats(method.getSupportedInputFormatsList())
                    .addAllSupportedOutputFormats(method.getSupportedOutputFormatsList());
            if (method.hasFunctionSchema()) {
                own.setFunctionSchema(method.getFunctionSchema());
            }
            handle.putMethodHandleMetadata(name, own.build());
        });
    }
}
