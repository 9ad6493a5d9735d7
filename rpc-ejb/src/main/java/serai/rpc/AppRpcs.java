// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import modal.client.AppClientDisconnectRequest;
import modal.client.AppCreateRequest;
import modal.client.AppCreateResponse;
import modal.client.AppGetByDeploymentNameRequest;
import modal.client.AppGetByDeploymentNameResponse;
import modal.client.AppGetLayoutRequest;
import modal.client.AppGetLayoutResponse;
import modal.client.AppGetOrCreateRequest;
import modal.client.AppGetOrCreateResponse;
import modal.client.AppHeartbeatRequest;
import modal.client.AppPublishRequest;
import modal.client.AppPublishResponse;
import modal.client.AppState;
import modal.client.AppStopRequest;
import modal.client.ModalClientGrpc;
import serai.activate.Publisher;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.function.Deployments;
import serai.problem.Problem;
import serai.workspace.Workspaces;

/** Apps: begun, published, kept alive, ended. */
@ApplicationScoped
class AppRpcs implements RpcFeature {
    private final Apps apps;
    private final Deployments deployments;
    private final AppLayouts layouts;
    private final Workspaces workspaces;
    private final Publisher publisher;
    private final Once once;
    private final AppPages pages;
    private final InstantSource clock = InstantSource.system();

    @Inject
    AppRpcs(
            Apps apps,
            Deployments deployments,
            AppLayouts layouts,
            Workspaces workspaces,
            Publisher publisher,
            Once once,
            AppPages pages) {
        this.apps = apps;
        this.deployments = deployments;
        this.layouts = layouts;
        this.workspaces = workspaces;
        this.publisher = publisher;
        this.once = once;
        this.pages = pages;
    }

    AppRpcs() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getAppCreateMethod(), this::create)
                .unary(ModalClientGrpc.getAppHeartbeatMethod(), this::heartbeat)
                .unary(ModalClientGrpc.getAppGetByDeploymentNameMethod(), this::getByName)
                .unary(ModalClientGrpc.getAppGetOrCreateMethod(), this::getOrCreate)
                .unary(ModalClientGrpc.getAppGetLayoutMethod(), this::getLayout)
                .unary(ModalClientGrpc.getAppPublishMethod(), this::publish)
                .unary(ModalClientGrpc.getAppClientDisconnectMethod(), this::disconnect)
                .unary(ModalClientGrpc.getAppStopMethod(), this::stop);
    }

    private AppCreateResponse create(Caller caller, AppCreateRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var state = stateOf(request.getAppState());
        if (state == null) {
            throw Problem.INVALID_ARGUMENT.because("app_state is not set");
        }
        return once.answer(ModalClientGrpc.getAppCreateMethod(), AppCreateResponse.parser(), caller, () -> {
            var app = apps.create(environment, request.getDescription(), state, clock.instant());
            apps.label(caller.tenant(), app.id(), request.getTagsMap());
            return AppCreateResponse.newBuilder()
                    .setAppId(app.id())
                    .setAppPageUrl(pages.of(app.id()))
                    .setAppLogsUrl(pages.of(app.id()))
                    .build();
        });
    }

    private Empty heartbeat(Caller caller, AppHeartbeatRequest request) {
        apps.heartbeat(caller.tenant(), request.getAppId(), clock.instant());
        return Empty.getDefaultInstance();
    }

    private AppGetByDeploymentNameResponse getByName(Caller caller, AppGetByDeploymentNameRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var response = AppGetByDeploymentNameResponse.newBuilder().setEnvironmentName(environment.name());
        var deployed = apps.deployed(environment, request.getName());
        if (deployed.isPresent()) {
            return response.setAppId(deployed.get().id())
                    .setLifecycle(AppStates.lifecycle(caller, deployed.get()))
                    .build();
        }
        apps.stoppedBefore(environment, request.getName())
                .ifPresent(app -> response.setPreviousAppId(app.id()).setLifecycle(AppStates.lifecycle(caller, app)));
        return response.build();
    }

    /** The deployed app of that name; one that is made here has no functions, and is deployed for what is started in it. */
    private AppGetOrCreateResponse getOrCreate(Caller caller, AppGetOrCreateRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var app = switch (request.getObjectCreationType()) {
            case OBJECT_CREATION_TYPE_UNSPECIFIED ->
                apps.deployed(environment, request.getAppName())
                        .orElseThrow(() -> Problem.APP_NOT_FOUND.because(
                                "App '%s' not found in environment '%s'", request.getAppName(), environment.name()));
            case OBJECT_CREATION_TYPE_CREATE_IF_MISSING ->
                deployments.deployedOrEmpty(
                        caller.tenant(), environment, request.getAppName(), caller.clientVersion(), clock.instant());
            case OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
                    OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS,
                    OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP,
                    OBJECT_CREATION_TYPE_EPHEMERAL,
                    UNRECOGNIZED ->
                throw Problem.INVALID_ARGUMENT.because("an app cannot be made as %s", request.getObjectCreationType());
        };
        var response = AppGetOrCreateResponse.newBuilder().setAppId(app.id());
        response.getHandleMetadataBuilder()
                .setAppId(app.id())
                .setDescription(request.getAppName())
                .setEnvironmentName(environment.name())
                .setLifecycle(AppStates.lifecycle(caller, app));
        return response.build();
    }

    private AppGetLayoutResponse getLayout(Caller caller, AppGetLayoutRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        return AppGetLayoutResponse.newBuilder().setAppLayout(layouts.of(app)).build();
    }

    private AppPublishResponse publish(Caller caller, AppPublishRequest request) {
        var state = stateOf(request.getAppState());
        if (state == App.State.DEPLOYED && request.getName().isEmpty()) {
            throw Problem.INVALID_ARGUMENT.because("a deployed app needs a name");
        }
        if (request.getStaged()) {
            throw Problem.UNSUPPORTED.because("a staged deployment is not available in this version of Serai");
        }
        var publication = new Apps.Publication(
                request.getName(),
                state,
                request.getDeploymentTag(),
                request.getClientVersion(),
                new Layout(request.getFunctionIdsMap(), request.getClassIdsMap()),
                new Apps.Origin(
                        null, request.hasCommitInfo() ? request.getCommitInfo().toByteArray() : null));
        var now = clock.instant();
        var response = once.answer(ModalClientGrpc.getAppPublishMethod(), AppPublishResponse.parser(), caller, () -> {
            var app = deployments.publish(
                    caller.tenant(),
                    request.getAppId(),
                    publication,
                    new HashMap<>(request.getDefinitionIdsMap()),
                    now);
            apps.label(caller.tenant(), app.id(), request.getTagsMap());
            return AppPublishResponse.newBuilder()
                    .setUrl(pages.of(app.id()))
                    .setDeployedAt(seconds(now))
                    .build();
        });
        publisher.published(apps.get(caller.tenant(), request.getAppId()));
        return response;
    }

    private Empty disconnect(Caller caller, AppClientDisconnectRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        switch (app.state()) {
            case EPHEMERAL, INITIALIZING -> end(app);
            case DETACHED -> apps.detach(caller.tenant(), app.id());
            case DEPLOYED, DETACHED_DISCONNECTED, STOPPING, STOPPED -> {}
        }
        return Empty.getDefaultInstance();
    }

    private Empty stop(Caller caller, AppStopRequest request) {
        end(apps.get(caller.tenant(), request.getAppId()));
        return Empty.getDefaultInstance();
    }

    private void end(App app) {
        apps.stop(app.id(), clock.instant());
        publisher.stopped(app.id());
    }

    /** @return null for "as it is" */
    private static App.State stateOf(AppState state) {
        return switch (state) {
            case APP_STATE_UNSPECIFIED -> null;
            case APP_STATE_EPHEMERAL -> App.State.EPHEMERAL;
            case APP_STATE_DETACHED -> App.State.DETACHED;
            case APP_STATE_DEPLOYED -> App.State.DEPLOYED;
            case APP_STATE_INITIALIZING -> App.State.INITIALIZING;
            case APP_STATE_STOPPING,
                    APP_STATE_STOPPED,
                    APP_STATE_DISABLED,
                    APP_STATE_DETACHED_DISCONNECTED,
                    APP_STATE_DERIVED,
                    UNRECOGNIZED -> throw Problem.INVALID_ARGUMENT.because("app_state %s cannot be asked for", state);
        };
    }

    static double seconds(Instant instant) {
        return instant.toEpochMilli() / 1000.0;
    }
}
