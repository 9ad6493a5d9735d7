// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import java.util.Optional;
import modal.client.FunctionCreateRequest;
import modal.client.FunctionCreateResponse;
import modal.client.FunctionGetByIdRequest;
import modal.client.FunctionGetByIdResponse;
import modal.client.FunctionGetRequest;
import modal.client.FunctionGetResponse;
import modal.client.FunctionLookupError;
import modal.client.FunctionPrecreateRequest;
import modal.client.FunctionPrecreateResponse;
import modal.client.ModalClientGrpc;
import serai.app.App;
import serai.app.Apps;
import serai.definition.Definer;
import serai.definition.FunctionWire;
import serai.definition.Handles;
import serai.definition.WebNames;
import serai.function.Functions;
import serai.problem.Problem;
import serai.workspace.Workspaces;

/** Functions: reserved, defined, found. */
@ApplicationScoped
class FunctionRpcs implements RpcFeature {
    private static final int MAX_DEFINITION_BYTES = 32 << 20;

    private final Apps apps;
    private final Functions functions;
    private final DeployedApps deployed;
    private final Definer definer;
    private final WebNames names;
    private final Workspaces workspaces;
    private final Once once;
    private final InstantSource clock = InstantSource.system();

    @Inject
    FunctionRpcs(
            Apps apps,
            Functions functions,
            DeployedApps deployed,
            Definer definer,
            WebNames names,
            Workspaces workspaces,
            Once once) {
        this.apps = apps;
        this.functions = functions;
        this.deployed = deployed;
        this.definer = definer;
        this.names = names;
        this.workspaces = workspaces;
        this.once = once;
    }

    FunctionRpcs() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getFunctionPrecreateMethod(), this::precreate)
                .unary(ModalClientGrpc.getFunctionCreateMethod(), this::create)
                .unary(ModalClientGrpc.getFunctionGetMethod(), this::get)
                .unary(ModalClientGrpc.getFunctionGetByIdMethod(), this::getById);
    }

    private FunctionPrecreateResponse precreate(Caller caller, FunctionPrecreateRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        app.mustRun();
        var called = names.of(
                caller.tenant(),
                app.id(),
                request.getFunctionName(),
                request.getWebhookConfig(),
                request.getMethodDefinitionsMap());
        var method = ModalClientGrpc.getFunctionPrecreateMethod();
        return once.answer(method, FunctionPrecreateResponse.parser(), caller, () -> {
            var function = functions.reserve(app, request.getFunctionName(), given(request.getExistingFunctionId()));
            return FunctionPrecreateResponse.newBuilder()
                    .setFunctionId(function.id())
                    .setHandleMetadata(Handles.of(app.id(), request, called))
                    .build();
        });
    }

    private FunctionCreateResponse create(Caller caller, FunctionCreateRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        app.mustRun();
        var definition = definitionOf(request);
        var data = request.hasFunctionData() ? request.getFunctionData() : FunctionWire.dataOf(definition);
        var draft = definer.read(caller.tenant(), app.id(), definition, data, caller.clientVersion());
        var method = ModalClientGrpc.getFunctionCreateMethod();
        return once.answer(method, FunctionCreateResponse.parser(), caller, () -> {
            var home = definition.getIsBuilderFunction() ? ofBuild(app, definition) : app;
            var function =
                    functions.reserve(home, definition.getFunctionName(), given(request.getExistingFunctionId()));
            var stored = definer.store(function, draft);
            return FunctionCreateResponse.newBuilder()
                    .setFunctionId(function.id())
                    .setHandleMetadata(Handles.of(function, stored))
                    .setFunction(draft.function())
                    .setFunctionData(data)
                    .addAllServerWarnings(draft.warnings())
                    .build();
        });
    }

    /** An app of its own for a function that makes an image: it is none of the user's functions, and ends with the build. */
    private App ofBuild(App app, modal.client.Function definition) {
        var environment = workspaces.environment(app.environmentId());
        return apps.createInternal(environment, "image build by " + definition.getFunctionName(), clock.instant());
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
        if (request.getAppVersion() != 0) {
            throw Problem.FEATURE_UNSUPPORTED.because(
                    "version=%d: a function of one version of its app is not available", request.getAppVersion());
        }
        var layout = deployed.layout(caller.tenant(), request.getEnvironmentName(), request.getAppName());
        var id = layout.functions().get(request.getObjectTag());
        if (id == null && layout.classes().containsKey(request.getObjectTag())) {
            throw isClass(request);
        }
        if (id == null) {
            throw Problem.FUNCTION_NOT_FOUND.because(
                    "Function '%s' not found in app '%s'", request.getObjectTag(), request.getAppName());
        }
        var function = functions.get(caller.tenant(), id);
        var definition = functions.current(function);
        return FunctionGetResponse.newBuilder()
                .setFunctionId(id)
                .setHandleMetadata(Handles.of(function, definition))
                .setFunction(FunctionWire.data(definition.wire()))
                .build();
    }

    /** The client tells its user to ask for the class. */
    private static StatusRuntimeException isClass(FunctionGetRequest request) {
        var reason = FunctionLookupError.newBuilder()
                .setReason(FunctionLookupError.Reason.REASON_CLASS_NAME_USED)
                .build();
        return Failures.detailed(
                Status.NOT_FOUND.withDescription(
                        "'%s' of app '%s' is a class".formatted(request.getObjectTag(), request.getAppName())),
                reason);
    }

    private FunctionGetByIdResponse getById(Caller caller, FunctionGetByIdRequest request) {
        var function = functions.get(caller.tenant(), request.getFunctionId());
        var definition = functions.current(function);
        return FunctionGetByIdResponse.newBuilder()
                .setHandleMetadata(Handles.of(function, definition))
                .setFunction(FunctionWire.data(definition.wire()))
                .build();
    }

    private static Optional<String> given(String id) {
        return id.isEmpty() ? Optional.empty() : Optional.of(id);
    }
}
