// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import modal.client.ClientHelloResponse;
import modal.client.EnvironmentGetOrCreateRequest;
import modal.client.EnvironmentGetOrCreateResponse;
import modal.client.ModalClientGrpc;
import modal.client.WorkspaceNameLookupResponse;
import serai.definition.ImageLayers;
import serai.workspace.Workspaces;

/** Who am I, and where: sign-in checks and environments. */
@ApplicationScoped
class WorkspaceRpcs implements RpcFeature {
    private final Workspaces workspaces;

    @Inject
    WorkspaceRpcs(Workspaces workspaces) {
        this.workspaces = workspaces;
    }

    WorkspaceRpcs() {
        this(null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getClientHelloMethod(), this::hello)
                .unary(ModalClientGrpc.getWorkspaceNameLookupMethod(), this::workspace)
                .unary(ModalClientGrpc.getEnvironmentGetOrCreateMethod(), this::environment);
    }

    private ClientHelloResponse hello(Caller caller, Empty request) {
        return ClientHelloResponse.newBuilder()
                .setImageBuilderVersion(ImageLayers.BUILDER_VERSION)
                .build();
    }

    private WorkspaceNameLookupResponse workspace(Caller caller, Empty request) {
        var name = caller.tenant().workspaceName();
        return WorkspaceNameLookupResponse.newBuilder()
                .setWorkspaceName(name)
                .setUsername(name)
                .build();
    }

    private EnvironmentGetOrCreateResponse environment(Caller caller, EnvironmentGetOrCreateRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getDeploymentName());
        var response = EnvironmentGetOrCreateResponse.newBuilder().setEnvironmentId(environment.id());
        response.getMetadataBuilder().setName(environment.name());
        response.getMetadataBuilder().getSettingsBuilder().setImageBuilderVersion(ImageLayers.BUILDER_VERSION);
        return response.build();
    }
}
