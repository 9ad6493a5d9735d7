// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import java.util.List;
import modal.client.DataFormat;
import modal.client.Function;
import modal.client.FunctionData;
import modal.client.ObjectDependency;
import serai.definition.FunctionWire;

/** The definition that the client would have sent for a function in a file. Pure. */
record FunctionDefinitions(String appName, String clientMount, String sourceMount) {
    /** The first is that of a firing's result: REST can show it. */
    private static final List<DataFormat> FORMATS = List.of(DataFormat.DATA_FORMAT_CBOR, DataFormat.DATA_FORMAT_PICKLE);

    private static final List<DataFormat> WEB_IN = List.of(DataFormat.DATA_FORMAT_ASGI);
    private static final List<DataFormat> WEB_OUT =
            List.of(DataFormat.DATA_FORMAT_ASGI, DataFormat.DATA_FORMAT_GENERATOR_DONE);

    /** @param secrets ids of those that it names */
    Function of(FunctionRequest asked, String imageId, List<String> secrets) {
        var function = Function.newBuilder()
                .setModuleName(asked.handler().module())
                .setFunctionName(asked.name())
                .setImplementationName(asked.handler().name())
                .setDefinitionType(Function.DefinitionType.DEFINITION_TYPE_FILE)
                .setFunctionType(Function.FunctionType.FUNCTION_TYPE_FUNCTION)
                .setAppName(appName)
                .addMountIds(clientMount)
                .addMountIds(sourceMount)
                .setImageId(imageId)
                .addObjectDependencies(ObjectDependency.newBuilder().setObjectId(imageId))
                .addAllSecretIds(secrets)
                .setResources(asked.resources())
                .setAutoscalerSettings(asked.autoscaler())
                .setTimeoutSecs(asked.timeoutS())
                .setStartupTimeoutSecs(asked.startupTimeoutS())
                .setMethodDefinitionsSet(true)
                .setMountClientDependencies(true)
                .addAllSupportedInputFormats(asked.web().isPresent() ? WEB_IN : FORMATS)
                .addAllSupportedOutputFormats(asked.web().isPresent() ? WEB_OUT : FORMATS);
        secrets.forEach(id -> function.addObjectDependenciesBuilder().setObjectId(id));
        asked.retries().ifPresent(function::setRetryPolicy);
        asked.schedule().ifPresent(function::setSchedule);
        asked.web().ifPresent(function::setWebhookConfig);
        asked.network().ifPresent(function::setNetworkAccess);
        if (asked.concurrency() > 1) {
            function.setMaxConcurrentInputs(asked.concurrency());
        }
        asked.gpus().stream()
                .findFirst()
                .ifPresent(gpu -> function.getResourcesBuilder().setGpuConfig(gpu));
        return function.build();
    }

    /** One rank for each GPU that will do. */
    static FunctionData dataOf(FunctionRequest asked, Function function) {
        var data = FunctionWire.dataOf(function).toBuilder();
        if (asked.schedule().isPresent()) {
            data.setSchedule(function.getSchedule());
        }
        if (asked.gpus().size() < 2) {
            return data.build();
        }
        data.clearRankedFunctions();
        for (int rank = 0; rank < asked.gpus().size(); rank++) {
            var ranked = function.toBuilder();
            ranked.getResourcesBuilder().setGpuConfig(asked.gpus().get(rank));
            data.addRankedFunctionsBuilder().setRank(rank).setFunction(ranked);
        }
        return data.build();
    }
}
