// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Optional;
import modal.client.FunctionCreateRequest;
import modal.client.FunctionCreateResponse;
import modal.client.FunctionData;
import modal.client.FunctionGetByIdRequest;
import modal.client.FunctionGetByIdResponse;
import modal.client.FunctionGetDynamicConcurrencyRequest;
import modal.client.FunctionGetDynamicConcurrencyResponse;
import modal.client.FunctionGetRequest;
import modal.client.FunctionGetResponse;
import modal.client.FunctionPrecreateRequest;
import modal.client.FunctionPrecreateResponse;
import modal.client.ModalClientGrpc;
import serai.app.Apps;
import serai.config.AutoscaleConfig;
import serai.definition.DefinitionReader;
import serai.definition.FunctionWire;
import serai.definition.Handles;
import serai.device.DeviceNames;
import serai.function.Definition;
import serai.function.Function;
import serai.function.Functions;
import serai.image.Images;
import serai.mount.Mounts;
import serai.problem.Problem;
import serai.workspace.Workspaces;

/** Functions: reserved, defined, found. */
@ApplicationScoped
class FunctionRpcs implements RpcFeature {
    private static final int MAX_DEFINITION_BYTES = 32 << 20;

    private final Apps apps;
    private final Functions functions;
    private final Images images;
    private final Mounts mounts;
    private final Workspaces workspaces;
    private final Once once;
    private final DefinitionReader reader;

    @Inject
    FunctionRpcs(
            Apps apps,
            Functions functions,
            Images images,
            Mounts mounts,
            Workspaces workspaces,
            Once once,
            AutoscaleConfig defaults,
            DeviceNames devices) {
        this.apps = apps;
        this.functions = functions;
        this.images = images;
        this.mounts = mounts;
        this.workspaces = workspaces;
        this.once = once;
        this.reader = new DefinitionReader(defaults, devices);
    }

    FunctionRpcs() {
        this(null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getFunctionPrecreateMethod(), this::precreate)
                .unary(ModalClientGrpc.getFunctionCreateMethod(), this::create)
                .unary(ModalClientGrpc.getFunctionGetMethod(), this::get)
                .unary(ModalClientGrpc.getFunctionGetByIdMethod(), this::getById)
                .unary(ModalClientGrpc.getFunctionGetDynamicConcurrencyMethod(), this::concurrency);
    }

    private FunctionPrecreateResponse precreate(Caller caller, FunctionPrecreateRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        app.mustRun();
        var method = ModalClientGrpc.getFunctionPrecreateMethod();
        return once.answer(method, FunctionPrecreateResponse.parser(), caller, () -> {
            var function = functions.reserve(app, request.getFunctionName(), given(request.getExistingFunctionId()));
            return FunctionPrecreateResponse.newBuilder()
                    .setFunctionId(function.id())
                    .setHandleMetadata(Handles.of(app.id(), request))
                    .build();
        });
    }

    private FunctionCreateResponse create(Caller caller, FunctionCreateRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        app.mustRun();
        var definition = definitionOf(request);
        var data = request.hasFunctionData() ? request.getFunctionData() : FunctionWire.dataOf(definition);
        var duties = reader.read(definition, data, caller.clientVersion());
        if (duties.imageId() != null) {
            images.get(caller.tenant(), duties.imageId());
        }
        duties.mounts().forEach(mount -> mounts.get(caller.tenant(), mount));
        var wire = FunctionWire.of(app.id(), definition, data);
        var method = ModalClientGrpc.getFunctionCreateMethod();
        return once.answer(method, FunctionCreateResponse.parser(), caller, () -> {
            var function = functions.reserve(app, definition.getFunctionName(), given(request.getExistingFunctionId()));
            var stored = functions.define(function, wire, duties);
            return FunctionCreateResponse.newBuilder()
                    .setFunctionId(function.id())
                    .setHandleMetadata(Handles.of(stored))
                    .setFunction(definition)
                    .setFunctionData(data)
                    .build();
        });
    }

    /** A ranked list has more than one entry only for alternative GPUs. */
    private static modal.client.Function definitionOf(FunctionCreateRequest request) {
        if (request.getSerializedSize() > MAX_DEFINITION_BYTES) {
            throw Problem.INVALID_ARGUMENT.because(
                    "the function definition has %d bytes, at most %d are allowed",
                    request.getSerializedSize(), MAX_DEFINITION_BYTES);
        }
        var definition = request.hasFunction()
                ? request.getFunction()
                : FunctionWire.ranked(request.getFunctionData()).stream()
                        .findFirst()
                        .orElseThrow(
                                () -> Problem.INVALID_ARGUMENT.because("function and function_data are both empty"));
        if (!request.hasSchedule()) {
            return definition;
        }
        return definition.toBuilder().setSchedule(request.getSchedule()).build();
    }

    private FunctionGetResponse get(Caller caller, FunctionGetRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var app = apps.deployed(environment, request.getAppName())
                .orElseThrow(() -> Problem.APP_NOT_FOUND.because(
                        "App '%s' not found in environment '%s'", request.getAppName(), environment.name()));
        var id = apps.layout(app).functions().get(request.getObjectTag());
        if (id == null) {
            throw Problem.FUNCTION_NOT_FOUND.because(
                    "Function '%s' not found in app '%s' in environment '%s'",
                    request.getObjectTag(), request.getAppName(), environment.name());
        }
        var definition = definitionOf(functions.get(caller.tenant(), id));
        return FunctionGetResponse.newBuilder()
                .setFunctionId(id)
                .setHandleMetadata(Handles.of(definition))
                .setFunction(storedData(definition))
                .build();
    }

    private FunctionGetByIdResponse getById(Caller caller, FunctionGetByIdRequest request) {
        var definition = definitionOf(functions.get(caller.tenant(), request.getFunctionId()));
        return FunctionGetByIdResponse.newBuilder()
                .setHandleMetadata(Handles.of(definition))
                .setFunction(storedData(definition))
                .build();
    }

    private FunctionGetDynamicConcurrencyResponse concurrency(
            Caller caller, FunctionGetDynamicConcurrencyRequest request) {
        return FunctionGetDynamicConcurrencyResponse.newBuilder()
                .setConcurrency(Math.max(1, request.getTargetConcurrency()))
                .build();
    }

    private Definition definitionOf(Function function) {
        if (function.definitionId() == null) {
            throw Problem.FUNCTION_NOT_DEFINED.because("Function '%s' is not published yet", function.name());
        }
        return functions.definition(function.definitionId());
    }

    private static FunctionData storedData(Definition definition) {
        try {
            return FunctionData.parseFrom(definition.wire().data());
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new IllegalStateException("stored function data cannot be read", e);
        }
    }

    private static Optional<String> given(String id) {
        return id.isEmpty() ? Optional.empty() : Optional.of(id);
    }
}
