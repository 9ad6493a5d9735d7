// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import java.util.ArrayList;
import modal.client.EnvironmentCreateRequest;
import modal.client.EnvironmentDeleteRequest;
import modal.client.EnvironmentGetOrCreateRequest;
import modal.client.EnvironmentGetOrCreateResponse;
import modal.client.EnvironmentListItem;
import modal.client.EnvironmentListResponse;
import modal.client.EnvironmentUpdateRequest;
import modal.client.ModalClientGrpc;
import serai.activate.Publisher;
import serai.app.App;
import serai.app.Apps;
import serai.definition.BuilderVersion;
import serai.problem.Problem;
import serai.secret.Secrets;
import serai.workspace.Environment;
import serai.workspace.Workspaces;

/** Environments: made, listed, renamed, deleted with what is in them. */
@ApplicationScoped
class EnvironmentRpcs implements RpcFeature {
    private final Workspaces workspaces;
    private final Apps apps;
    private final Secrets secrets;
    private final Publisher publisher;
    private final Once once;
    private final InstantSource clock = InstantSource.system();

    @Inject
    EnvironmentRpcs(Workspaces workspaces, Apps apps, Secrets secrets, Publisher publisher, Once once) {
        this.workspaces = workspaces;
        this.apps = apps;
        this.secrets = secrets;
        this.publisher = publisher;
        this.once = once;
    }

    EnvironmentRpcs() {
        this(null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getEnvironmentGetOrCreateMethod(), this::getOrCreate)
                .unary(ModalClientGrpc.getEnvironmentCreateMethod(), this::create)
                .unary(ModalClientGrpc.getEnvironmentListMethod(), this::list)
                .unary(ModalClientGrpc.getEnvironmentUpdateMethod(), this::update)
                .unary(ModalClientGrpc.getEnvironmentDeleteMethod(), this::delete);
    }

    private EnvironmentGetOrCreateResponse getOrCreate(Caller caller, EnvironmentGetOrCreateRequest request) {
        var environment = switch (request.getObjectCreationType()) {
            case OBJECT_CREATION_TYPE_UNSPECIFIED ->
                workspaces.environment(caller.tenant(), request.getDeploymentName());
            case OBJECT_CREATION_TYPE_CREATE_IF_MISSING ->
                workspaces.environmentOrNew(caller.tenant(), request.getDeploymentName());
            case OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS ->
                workspaces.createEnvironment(caller.tenant(), request.getDeploymentName());
            case OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS,
                    OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP,
                    OBJECT_CREATION_TYPE_EPHEMERAL,
                    UNRECOGNIZED ->
                throw Problem.INVALID_ARGUMENT.because(
                        "an environment cannot be made as %s", request.getObjectCreationType());
        };
        var response = EnvironmentGetOrCreateResponse.newBuilder().setEnvironmentId(environment.id());
        response.getMetadataBuilder().setName(environment.name());
        response.getMetadataBuilder()
                .getSettingsBuilder()
                .setImageBuilderVersion(BuilderVersion.of(caller.clientVersion()));
        return response.build();
    }

    private Empty create(Caller caller, EnvironmentCreateRequest request) {
        refuse(request.getIsManaged(), "a managed environment");
        refuse(
                request.hasDefaultMemberRole()
                        || !request.getDefaultMemberRoleStr().isEmpty()
                        || request.getEnvironmentTypeValue() != 0,
                "a restricted or public environment");
        return once.answer(ModalClientGrpc.getEnvironmentCreateMethod(), Empty.parser(), caller, () -> {
            workspaces.createEnvironment(caller.tenant(), request.getName());
            return Empty.getDefaultInstance();
        });
    }

    private EnvironmentListResponse list(Caller caller, Empty request) {
        var response = EnvironmentListResponse.newBuilder();
        workspaces.present(caller.tenant()).forEach(environment -> response.addItems(item(environment)));
        return response.build();
    }

    private static EnvironmentListItem item(Environment environment) {
        return EnvironmentListItem.newBuilder()
                .setName(environment.name())
                .setEnvironmentId(environment.id())
                .setCreatedAt(AppRpcs.seconds(environment.createdAt()))
                .setDefault(environment.isStandard())
                .build();
    }

    private EnvironmentListItem update(Caller caller, EnvironmentUpdateRequest request) {
        refuse(request.hasWebSuffix() && !request.getWebSuffix().getValue().isEmpty(), "a web suffix");
        refuse(request.hasMaxConcurrentTasks() || request.hasMaxConcurrentGpus(), "limits of an environment");
        refuse(request.hasBlockUnauthenticatedResources(), "block_unauthenticated_resources");
        refuse(
                request.hasImageBuilderVersion()
                        && !request.getImageBuilderVersion().isEmpty()
                        && !request.getImageBuilderVersion().equals(BuilderVersion.of(caller.clientVersion())),
                "an image builder version of its own");
        var environment = request.hasName()
                ? workspaces.renameEnvironment(
                        caller.tenant(),
                        request.getCurrentName(),
                        request.getName().getValue())
                : workspaces.environment(caller.tenant(), request.getCurrentName());
        return item(environment);
    }

    private static void refuse(boolean asked, String what) {
        if (asked) {
            throw Problem.UNSUPPORTED.because("%s is not available in this version of Serai", what);
        }
    }

    private Empty delete(Caller caller, EnvironmentDeleteRequest request) {
        var ending = new ArrayList<String>();
        var answer = once.answer(ModalClientGrpc.getEnvironmentDeleteMethod(), Empty.parser(), caller, () -> {
            var now = clock.instant();
            var environment = workspaces.deleteEnvironment(caller.tenant(), request.getName(), now);
            secrets.deleteAll(environment);
            apps.running(environment).stream().map(App::id).forEach(id -> {
                apps.stop(id, now); // with the deletion: if the server dies now, another one goes on with their end
                ending.add(id);
            });
            return Empty.getDefaultInstance();
        });
        ending.forEach(publisher::stopped);
        return answer;
    }
}
