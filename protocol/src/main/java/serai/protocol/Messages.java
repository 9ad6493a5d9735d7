// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.protocol;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import modal.client.AppLayout;
import modal.client.ClassHandleMetadata;
import modal.client.ContainerArguments;
import modal.client.Function;
import modal.client.FunctionGetOutputsItem;
import modal.client.FunctionHandleMetadata;
import modal.client.GenericResult;
import modal.client.MountHandleMetadata;
import modal.client.VolumeMetadata;

/** Composes messages that both edges need from the plain values that the platform keeps. */
public final class Messages {
    private static final int VOLUME_VERSION = 2;

    private Messages() {}

    /**
     * What an app holds, with a handle for every object that its functions depend on: the container's runtime fails with
     * a missing key otherwise.
     *
     * @param functions tag → function id
     * @param classes tag → class id
     * @param definitions of all its functions; of two of one function the first is the one that is called
     */
    public static AppLayout layout(
            Map<String, String> functions, Map<String, String> classes, List<Defined> definitions) {
        var layout = AppLayout.newBuilder().putAllFunctionIds(functions).putAllClassIds(classes);
        var known = new HashSet<String>();
        for (var definition : definitions) {
            if (known.add(definition.functionId)) {
                layout.addObjectsBuilder()
                        .setObjectId(definition.functionId)
                        .setFunctionHandleMetadata(handle(definition.id, definition.handle));
            }
        }
        for (var id : classes.values()) {
            if (known.add(id)) {
                layout.addObjectsBuilder()
                        .setObjectId(id)
                        .setClassHandleMetadata(ClassHandleMetadata.getDefaultInstance());
            }
        }
        for (var definition : definitions) {
            for (var dependency : parseFunction(definition.content).getObjectDependenciesList()) {
                if (known.add(dependency.getObjectId())) {
                    layout.addObjects(object(dependency.getObjectId()));
                }
            }
        }
        return layout.build();
    }

    private static modal.client.Object object(String id) {
        var object = modal.client.Object.newBuilder().setObjectId(id);
        if (id.startsWith("mo-")) {
            object.setMountHandleMetadata(MountHandleMetadata.getDefaultInstance());
        } else if (id.startsWith("vo-")) {
            object.setVolumeMetadata(VolumeMetadata.newBuilder().setVersionValue(VOLUME_VERSION));
        }
        return object.build();
    }

    /**
     * A function's definition, of which a layout tells.
     *
     * @param content serialized {@link Function}
     * @param handle serialized {@link FunctionHandleMetadata}
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    public record Defined(String functionId, String id, byte[] content, byte[] handle) {}

    /** What a client has to know of a function to call it by this definition. */
    public static FunctionHandleMetadata handle(String definitionId, byte[] handle) {
        var complete = parseHandle(handle).toBuilder().setDefinitionId(definitionId);
        complete.getMethodHandleMetadataMap()
                .forEach((name, method) -> complete.putMethodHandleMetadata(
                        name, method.toBuilder().setDefinitionId(definitionId).build()));
        return complete.build();
    }

    /**
     * What the runtime in a container is started with.
     *
     * @param function the stored definition, serialized {@link Function}
     * @param params what its class is constructed with, as the client sent it; empty for a function
     */
    public static ContainerArguments arguments(
            String taskId,
            String functionId,
            String appId,
            String environmentName,
            byte[] function,
            byte[] params,
            AppLayout layout) {
        return ContainerArguments.newBuilder()
                .setTaskId(taskId)
                .setFunctionId(functionId)
                .setAppId(appId)
                .setEnvironmentName(environmentName)
                .setFunctionDef(parseFunction(function))
                .setSerializedParams(ByteString.copyFrom(params))
                .setAppLayout(layout)
                .build();
    }

    /** The result of what could not be started, for its callers. */
    public static FunctionGetOutputsItem failure(String taskId, String reason) {
        return FunctionGetOutputsItem.newBuilder()
                .setResult(GenericResult.newBuilder()
                        .setStatus(GenericResult.GenericStatus.GENERIC_STATUS_FAILURE)
                        .setException(reason))
                .setTaskId(taskId)
                .build();
    }

    /** @throws IllegalStateException if what we stored cannot be read */
    public static Function parseFunction(byte[] function) {
        try {
            return Function.parseFrom(function);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a stored function definition cannot be read", e);
        }
    }

    /** @throws IllegalStateException if what we stored cannot be read */
    private static FunctionHandleMetadata parseHandle(byte[] handle) {
        try {
            return FunctionHandleMetadata.parseFrom(handle);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a stored function handle cannot be read", e);
        }
    }
}
