// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import modal.client.Function;
import modal.client.FunctionHandleMetadata;
import modal.client.FunctionPrecreateRequest;
import serai.function.Definition;
import serai.protocol.Messages;

/** What a client has to know of a function to call it. */
public final class Handles {
    private Handles() {}

    public static FunctionHandleMetadata of(Definition definition) {
        return Messages.handle(definition.id(), definition.wire().handle());
    }

    /** Before there is a definition; it is pickled into other functions already. */
    public static FunctionHandleMetadata of(String appId, FunctionPrecreateRequest request) {
        var handle = FunctionHandleMetadata.newBuilder()
                .setFunctionName(request.getFunctionName())
                .setFunctionType(request.getFunctionType())
                .setAppId(appId)
                .addAllSupportedInputFormats(request.getSupportedInputFormatsList())
                .addAllSupportedOutputFormats(request.getSupportedOutputFormatsList());
        if (request.hasFunctionSchema()) {
            handle.setFunctionSchema(request.getFunctionSchema());
        }
        return handle.build();
    }

    public static FunctionHandleMetadata of(String appId, Function function) {
        var handle = FunctionHandleMetadata.newBuilder()
                .setFunctionName(function.getFunctionName())
                .setFunctionType(function.getFunctionType())
                .setAppId(appId)
                .addAllSupportedInputFormats(function.getSupportedInputFormatsList())
                .addAllSupportedOutputFormats(function.getSupportedOutputFormatsList());
        if (function.hasFunctionSchema()) {
            handle.setFunctionSchema(function.getFunctionSchema());
        }
        if (function.hasClassParameterInfo()) {
            handle.setClassParameterInfo(function.getClassParameterInfo());
        }
        return handle.build();
    }
}
