// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import modal.client.CliCommandSuggestResponse;
import modal.client.ClientHelloResponse;
import modal.client.ModalClientGrpc;
import modal.client.TokenDeleteRequest;
import modal.client.TokenInfoGetRequest;
import modal.client.TokenInfoGetResponse;
import modal.client.WorkspaceDashboardUrlRequest;
import modal.client.WorkspaceDashboardUrlResponse;
import modal.client.WorkspaceNameLookupResponse;
import serai.definition.BuilderVersion;
import serai.workspace.Workspaces;

/** Who am I, and where: sign-in checks and tokens. */
@ApplicationScoped
class WorkspaceRpcs implements RpcFeature {
    private static final CliCommandSuggestResponse NO_SUGGESTION = CliCommandSuggestResponse.getDefaultInstance();

    private final Workspaces workspaces;
    private final AppPages pages;
    private final InstantSource clock = InstantSource.system();

    @Inject
    WorkspaceRpcs(Workspaces workspaces, AppPages pages) {
        this.workspaces = workspaces;
        this.pages = pages;
    }

    WorkspaceRpcs() {
        this(null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getClientHelloMethod(), this::hello)
                .unary(ModalClientGrpc.getWorkspaceNameLookupMethod(), this::workspace)
                .unary(ModalClientGrpc.getTokenInfoGetMethod(), this::token)
                .unary(ModalClientGrpc.getTokenDeleteMethod(), this::deleteToken)
                .unary(ModalClientGrpc.getWorkspaceDashboardUrlGetMethod(), this::dashboard)
                .unary(ModalClientGrpc.getCliCommandSuggestMethod(), (caller, request) -> NO_SUGGESTION);
    }

    private TokenInfoGetResponse token(Caller caller, TokenInfoGetRequest request) {
        var token = workspaces.token(caller.tenant(), caller.tokenId());
        var response = TokenInfoGetResponse.newBuilder()
                .setTokenId(token.id())
                .setWorkspaceId(caller.tenant().workspaceId())
                .setWorkspaceName(caller.tenant().workspaceName());
        response.getUserIdentityBuilder()
                .setUserId(caller.tenant().workspaceId())
                .setUsername(caller.tenant().workspaceName());
        response.getCreatedAtBuilder()
                .setSeconds(token.createdAt().getEpochSecond())
                .setNanos(token.createdAt().getNano());
        return response.build();
    }

    private Empty deleteToken(Caller caller, TokenDeleteRequest request) {
        workspaces.revoke(caller.tenant(), request.getTokenId(), clock.instant());
        return Empty.getDefaultInstance();
    }

    private WorkspaceDashboardUrlResponse dashboard(Caller caller, WorkspaceDashboardUrlRequest request) {
        return WorkspaceDashboardUrlResponse.newBuilder().setUrl(pages.all()).build();
    }

    private ClientHelloResponse hello(Caller caller, Empty request) {
        return ClientHelloResponse.newBuilder()
                .setImageBuilderVersion(BuilderVersion.of(caller.clientVersion()))
                .build();
    }

    private WorkspaceNameLookupResponse workspace(Caller caller, Empty request) {
        var name = caller.tenant().workspaceName();
        return WorkspaceNameLookupResponse.newBuilder()
                .setWorkspaceName(name)
                .setUsername(name)
                .build();
    }
}
