// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Optional;
import modal.client.ClassCreateRequest;
import modal.client.ClassCreateResponse;
import modal.client.ClassGetRequest;
import modal.client.ClassGetResponse;
import modal.client.ClassHandleMetadata;
import modal.client.FunctionBindParamsRequest;
import modal.client.FunctionBindParamsResponse;
import modal.client.FunctionListVariantsRequest;
import modal.client.FunctionListVariantsResponse;
import modal.client.FunctionOptions;
import modal.client.FunctionVariantCursor;
import modal.client.FunctionVariantInfo;
import modal.client.ModalClientGrpc;
import serai.app.Apps;
import serai.definition.Bindings;
import serai.definition.Handles;
import serai.function.Function;
import serai.function.Functions;
import serai.function.Variants;
import serai.problem.Problem;

/** Classes, and functions bound to parameters and options. What a class runs as is one function, named {@code CLASS.*}. */
@ApplicationScoped
class ClassRpcs implements RpcFeature {
    private static final int MOST_VARIANTS = 100;

    private final Apps apps;
    private final Functions functions;
    private final Variants variants;
    private final DeployedApps deployed;
    private final Once once;

    @Inject
    ClassRpcs(Apps apps, Functions functions, Variants variants, DeployedApps deployed, Once once) {
        this.apps = apps;
        this.functions = functions;
        this.variants = variants;
        this.deployed = deployed;
        this.once = once;
    }

    ClassRpcs() {
        this(null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getClassCreateMethod(), this::create)
                .unary(ModalClientGrpc.getClassGetMethod(), this::get)
                .unary(ModalClientGrpc.getFunctionBindParamsMethod(), this::bind)
                .unary(ModalClientGrpc.getFunctionListVariantsMethod(), this::list);
    }

    private ClassCreateResponse create(Caller caller, ClassCreateRequest request) {
        if (!request.getOnlyClassFunction()) {
            throw Problem.FEATURE_UNSUPPORTED.because("classes with a function for each method need a newer client");
        }
        var app = apps.get(caller.tenant(), request.getAppId());
        app.mustRun();
        var existing = Optional.of(request.getExistingClassId()).filter(id -> !id.isEmpty());
        return once.answer(
                ModalClientGrpc.getClassCreateMethod(),
                ClassCreateResponse.parser(),
                caller,
                () -> ClassCreateResponse.newBuilder()
                        .setClassId(apps.reserveClass(app, existing).id())
                        .setHandleMetadata(ClassHandleMetadata.getDefaultInstance())
                        .build());
    }

    private ClassGetResponse get(Caller caller, ClassGetRequest request) {
        if (request.getAppVersion() != 0) {
            throw Problem.FEATURE_UNSUPPORTED.because(
                    "version=%d: a class of one version of its app is not available", request.getAppVersion());
        }
        var layout = deployed.layout(caller.tenant(), request.getEnvironmentName(), request.getAppName());
        var id = layout.classes().get(request.getObjectTag());
        var service = layout.functions().get(request.getObjectTag() + ".*");
        if (id == null || service == null) {
            throw Problem.CLASS_NOT_FOUND.because(
                    "Class '%s' not found in app '%s'", request.getObjectTag(), request.getAppName());
        }
        var function = functions.get(caller.tenant(), service);
        return ClassGetResponse.newBuilder()
                .setClassId(id)
                .setHandleMetadata(ClassHandleMetadata.newBuilder()
                        .setClassFunctionId(service)
                        .setClassFunctionMetadata(Handles.of(function, functions.current(function))))
                .build();
    }

    private FunctionBindParamsResponse bind(Caller caller, FunctionBindParamsRequest request) {
        var base = functions.get(caller.tenant(), request.getFunctionId());
        if (base.baseId().isPresent()) {
            throw Problem.INVALID_ARGUMENT.because("function_id: '%s' is bound already", base.id());
        }
        var handle = Handles.of(base, functions.current(base));
        var binding = Bindings.of(handle, request.getSerializedParams().toByteArray(), request.getFunctionOptions());
        var bound = binding.isEmpty() ? base : variants.bind(caller.tenant(), base, binding);
        return FunctionBindParamsResponse.newBuilder()
                .setBoundFunctionId(bound.id())
                .setHandleMetadata(Handles.of(bound, functions.current(bound)))
                .build();
    }

    private FunctionListVariantsResponse list(Caller caller, FunctionListVariantsRequest request) {
        var base = functions.get(caller.tenant(), request.getFunctionId());
        int limit = request.getLimit() > 0 ? Math.min(request.getLimit(), MOST_VARIANTS) : MOST_VARIANTS;
        var found = functions.variants(base, request.getCursor().getFunctionId(), limit);
        var answer = FunctionListVariantsResponse.newBuilder();
        found.forEach(variant -> answer.addInfos(info(variant)));
        if (found.size() == limit) {
            answer.setNextCursor(FunctionVariantCursor.newBuilder()
                    .setFunctionId(found.getLast().id()));
        }
        return answer.build();
    }

    private static FunctionVariantInfo info(Function variant) {
        var info = FunctionVariantInfo.newBuilder()
                .setFunctionId(variant.id())
                .setSerializedParams(ByteString.copyFrom(variant.params()));
        variant.options().ifPresent(options -> info.setFunctionOptions(parse(options)));
        return info.build();
    }

    private static FunctionOptions parse(byte[] options) {
        try {
            return FunctionOptions.parseFrom(options);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("kept options cannot be read", e);
        }
    }
}
