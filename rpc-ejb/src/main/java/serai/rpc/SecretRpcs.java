// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Optional;
import modal.client.ModalClientGrpc;
import modal.client.SecretDeleteRequest;
import modal.client.SecretGetInfoRequest;
import modal.client.SecretGetInfoResponse;
import modal.client.SecretGetOrCreateRequest;
import modal.client.SecretGetOrCreateResponse;
import modal.client.SecretListItem;
import modal.client.SecretListRequest;
import modal.client.SecretListResponse;
import modal.client.SecretMetadata;
import modal.client.SecretUpdateRequest;
import serai.app.Apps;
import serai.problem.Problem;
import serai.secret.Secret;
import serai.secret.Secrets;
import serai.secret.Variables;
import serai.workspace.Environment;
import serai.workspace.Workspaces;

/** Secrets: given, named, listed. What they hold goes to containers only. */
@ApplicationScoped
class SecretRpcs implements RpcFeature {
    private final Secrets secrets;
    private final Apps apps;
    private final Workspaces workspaces;
    private final Once once;
    private final InstantSource clock = InstantSource.system();

    @Inject
    SecretRpcs(Secrets secrets, Apps apps, Workspaces workspaces, Once once) {
        this.secrets = secrets;
        this.apps = apps;
        this.workspaces = workspaces;
        this.once = once;
    }

    SecretRpcs() {
        this(null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getSecretGetOrCreateMethod(), this::getOrCreate)
                .unary(ModalClientGrpc.getSecretListMethod(), this::list)
                .unary(ModalClientGrpc.getSecretUpdateMethod(), this::update)
                .unary(ModalClientGrpc.getSecretGetInfoMethod(), this::info)
                .unary(ModalClientGrpc.getSecretDeleteMethod(), this::delete);
    }

    private SecretGetOrCreateResponse getOrCreate(Caller caller, SecretGetOrCreateRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var method = ModalClientGrpc.getSecretGetOrCreateMethod();
        return once.answer(method, SecretGetOrCreateResponse.parser(), caller, () -> {
            var secret = secret(caller, environment, request);
            secrets.mustHave(secret, new HashSet<>(request.getRequiredKeysList()));
            return SecretGetOrCreateResponse.newBuilder()
                    .setSecretId(secret.id())
                    .setMetadata(metadata(caller, secret, environment.name()))
                    .build();
        });
    }

    private Secret secret(Caller caller, Environment environment, SecretGetOrCreateRequest request) {
        var name = request.getDeploymentName();
        return switch (request.getObjectCreationType()) {
            case OBJECT_CREATION_TYPE_UNSPECIFIED -> secrets.get(environment, name);
            case OBJECT_CREATION_TYPE_CREATE_IF_MISSING -> create(environment, request, Secrets.Existing.KEEP);
            case OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS -> create(environment, request, Secrets.Existing.REFUSE);
            case OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS ->
                create(environment, request, Secrets.Existing.REPLACE);
            case OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP -> {
                var app = apps.get(caller.tenant(), request.getAppId());
                app.mustRun();
                yield secrets.createNameless(environment, app.id(), variables(request), clock.instant());
            }
            case OBJECT_CREATION_TYPE_EPHEMERAL ->
                secrets.createNameless(environment, null, variables(request), clock.instant());
            case UNRECOGNIZED ->
                throw Problem.INVALID_ARGUMENT.because(
                        "object_creation_type %d is unknown", request.getObjectCreationTypeValue());
        };
    }

    private Secret create(Environment environment, SecretGetOrCreateRequest request, Secrets.Existing existing) {
        return secrets.create(environment, request.getDeploymentName(), variables(request), existing, clock.instant());
    }

    private static Variables variables(SecretGetOrCreateRequest request) {
        return new Variables(request.getEnvDictMap());
    }

    private SecretListResponse list(Caller caller, SecretListRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var page = Pagination.of(request.getPagination(), clock.instant());
        var response = SecretListResponse.newBuilder().setEnvironmentName(environment.name());
        for (var secret : secrets.list(environment, page.before(), page.limit())) {
            var metadata = metadata(caller, secret, environment.name());
            response.addItems(SecretListItem.newBuilder()
                    .setLabel(secret.name())
                    .setCreatedAt(metadata.getCreationInfo().getCreatedAt())
                    .setLastUsedAt(metadata.getLastUsedAt())
                    .setEnvironmentName(environment.name())
                    .setSecretId(secret.id())
                    .setMetadata(metadata));
        }
        return response.build();
    }

    private Empty update(Caller caller, SecretUpdateRequest request) {
        var changes = new HashMap<String, Optional<String>>();
        for (var update : request.getUpdatesList()) {
            changes.put(update.getKey(), update.hasValue() ? Optional.of(update.getValue()) : Optional.empty());
        }
        secrets.update(caller.tenant(), request.getSecretId(), changes);
        return Empty.getDefaultInstance();
    }

    private SecretGetInfoResponse info(Caller caller, SecretGetInfoRequest request) {
        var secret = secrets.get(caller.tenant(), request.getSecretId());
        var environment = workspaces.environment(secret.environmentId()).name();
        return SecretGetInfoResponse.newBuilder()
                .setMetadata(metadata(caller, secret, environment))
                .build();
    }

    private Empty delete(Caller caller, SecretDeleteRequest request) {
        return once.answer(ModalClientGrpc.getSecretDeleteMethod(), Empty.parser(), caller, () -> {
            secrets.delete(caller.tenant(), request.getSecretId());
            return Empty.getDefaultInstance();
        });
    }

    private static SecretMetadata metadata(Caller caller, Secret secret, String environment) {
        var metadata =
                SecretMetadata.newBuilder().addAllKeys(secret.variables()).setEnvironmentName(environment);
        metadata.getCreationInfoBuilder()
                .setCreatedAt(AppRpcs.seconds(secret.createdAt()))
                .setCreatedBy(caller.tenant().workspaceName());
        if (secret.name() != null) {
            metadata.setName(secret.name());
        }
        if (secret.lastUsedAt() != null) {
            metadata.setLastUsedAt(AppRpcs.seconds(secret.lastUsedAt()));
        }
        return metadata.build();
    }
}
