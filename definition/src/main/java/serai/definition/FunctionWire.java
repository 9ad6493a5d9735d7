// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Comparator;
import java.util.List;
import modal.client.Function;
import modal.client.FunctionData;
import serai.function.Definition;

/** The client's messages of a function as they are kept. */
public final class FunctionWire {
    private FunctionWire() {}

    public static Definition.Wire of(String appId, Function function, FunctionData data) {
        var addressed = data.toBuilder()
                .clearFlashServiceUrls()
                .addAllFlashServiceUrls(function.getFlashServiceUrlsList())
                .build();
        return new Definition.Wire(
                function.toByteArray(),
                addressed.toByteArray(),
                Handles.of(appId, function).toByteArray());
    }

    /** @return the function once for each alternative, the most wanted first; empty where the client gives no choice */
    public static List<Function> ranked(FunctionData data) {
        return data.getRankedFunctionsList().stream()
                .sorted(Comparator.comparingInt(FunctionData.RankedFunction::getRank))
                .map(FunctionData.RankedFunction::getFunction)
                .toList();
    }

    /** @throws IllegalStateException if what we stored cannot be read */
    public static FunctionData data(Definition.Wire wire) {
        try {
            return FunctionData.parseFrom(wire.data());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("stored function data cannot be read", e);
        }
    }

    /** The client wants at least one ranked function in every answer. */
    public static FunctionData dataOf(Function function) {
        var data = FunctionData.newBuilder()
                .setModuleName(function.getModuleName())
                .setFunctionName(function.getFunctionName())
                .setFunctionType(function.getFunctionType())
                .setTimeoutSecs(function.getTimeoutSecs())
                .setAutoscalerSettings(function.getAutoscalerSettings())
                .setWebhookConfig(function.getWebhookConfig())
                .setIsClass(function.getIsClass())
                .setClassParameterInfo(function.getClassParameterInfo())
                .putAllMethodDefinitions(function.getMethodDefinitionsMap())
                .setMethodDefinitionsSet(true)
                .addRankedFunctions(FunctionData.RankedFunction.newBuilder().setFunction(function));
        if (function.getIsServer()) {
            data.setIsServer(true).setHttpConfig(function.getHttpConfig());
        }
        return data.build();
    }
}
