// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import modal.client.ModalClientGrpc;
import modal.client.TokenCreateResponse;
import modal.client.TokenDeleteRequest;
import modal.client.WebhookToken;
import modal.client.WebhookTokenCreateRequest;
import modal.client.WebhookTokenListForEnvironmentRequest;
import modal.client.WebhookTokenListResponse;
import modal.client.WebhookTokenUpdateRequest;
import serai.problem.Problem;
import serai.web.ProxyToken;
import serai.web.ProxyTokens;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** Tokens for protected endpoints. Each opens those of all environments of its workspace. */
@ApplicationScoped
class ProxyTokenRpcs implements RpcFeature {
    private static final int MOST = 1_000;

    private final ProxyTokens tokens;
    private final Workspaces workspaces;

    @Inject
    ProxyTokenRpcs(ProxyTokens tokens, Workspaces workspaces) {
        this.tokens = tokens;
        this.workspaces = workspaces;
    }

    ProxyTokenRpcs() {
        this(null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getWebhookTokenCreateMethod(), this::create)
                .unary(ModalClientGrpc.getWebhookTokenListMethod(), (caller, request) -> list(caller.tenant()))
                .unary(ModalClientGrpc.getWebhookTokenListForEnvironmentMethod(), this::listFor)
                .unary(ModalClientGrpc.getWebhookTokenUpdateMethod(), this::update)
                .unary(ModalClientGrpc.getWebhookTokenDeleteMethod(), this::delete);
    }

    private TokenCreateResponse create(Caller caller, WebhookTokenCreateRequest request) {
        if (request.getScoped()) {
            throw Problem.UNSUPPORTED.because("scoped proxy tokens are not available: a token opens every environment");
        }
        // its answer is not kept for a client that asks again: it holds a secret
        var token = tokens.create(caller.tenant(), request.getName());
        return TokenCreateResponse.newBuilder()
                .setTokenId(token.id())
                .setTokenSecret(token.secret())
                .build();
    }

    private WebhookTokenListResponse listFor(Caller caller, WebhookTokenListForEnvironmentRequest request) {
        workspaces.environment(caller.tenant(), request.getEnvironmentName()); // it has to be one
        return list(caller.tenant());
    }

    private WebhookTokenListResponse list(Tenant tenant) {
        var response = WebhookTokenListResponse.newBuilder();
        tokens.list(tenant, MOST).forEach(token -> response.addTokens(wire(token)));
        return response.build();
    }

    private WebhookToken update(Caller caller, WebhookTokenUpdateRequest request) {
        return wire(tokens.rename(caller.tenant(), request.getTokenId(), request.getName()));
    }

    private Empty delete(Caller caller, TokenDeleteRequest request) {
        tokens.revoke(caller.tenant(), request.getTokenId());
        return Empty.getDefaultInstance();
    }

    private static WebhookToken wire(ProxyToken token) {
        return WebhookToken.newBuilder()
                .setTokenId(token.id())
                .setName(token.name())
                .setCreatedAt(token.createdAt().toEpochMilli() / 1_000.0)
                .build();
    }
}
