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
import modal.client.AppHeartbeatRequest;
import modal.client.AppLifecycle;
import modal.client.AppPublishRequest;
import modal.client.AppPublishResponse;
import modal.client.AppState;
import modal.client.AppStopRequest;
import modal.client.ModalClientGrpc;
import serai.activate.Publisher;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.config.HttpConfig;
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
    private final HttpConfig http;
    private final InstantSource clock = InstantSource.system();

    @Inject
    AppRpcs(
            Apps apps,
            Deployments deployments,
            AppLayouts layouts,
            Workspaces workspaces,
            Publisher publisher,
            Once once,
            HttpConfig http) {
        this.apps = apps;
        this.deployments = deployments;
        this.layouts = layouts;
        this.workspaces = workspaces;
        this.publisher = publisher;
        this.once = once;
        this.http = http;
    }

    AppRpcs() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getAppCreateMethod(), this::create)
                .unary(ModalClientGrpc.getAppHeartbeatMethod(), this::heartbeat)
                .unary(ModalClientGrpc.getAppGetByDeploymentNameMethod(), this::getByName)
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
            return AppCreateResponse.newBuilder()
                    .setAppId(app.id())
                    .setAppPageUrl(page(app.id()))
                    .setAppLogsUrl(page(app.id()))
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
                    .setLifecycle(lifecycle(deployed.get()))
                    .build();
        }
        apps.stoppedBefore(environment, request.getName())
                .ifPresent(app -> response.setPreviousAppId(app.id()).setLifecycle(lifecycle(app)));
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
        var layout = new Layout(request.getFunctionIdsMap(), request.getClassIdsMap());
        var publication = new Apps.Publication(
                request.getName(), state, request.getDeploymentTag(), request.getClientVersion(), layout);
        var now = clock.instant();
        var response = once.answer(ModalClientGrpc.getAppPublishMethod(), AppPublishResponse.parser(), caller, () -> {
            var app = deployments.publish(
                    caller.tenant(),
                    request.getAppId(),
                    publication,
                    new HashMap<>(request.getDefinitionIdsMap()),
                    now);
            return AppPublishResponse.newBuilder()
                    .setUrl(page(app.id()))
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

    private static AppLifecycle lifecycle(App app) {
        var lifecycle = AppLifecycle.newBuilder()
                .setAppState(wireState(app.state()))
                .setCreatedAt(seconds(app.createdAt()))
                .setVersion(app.version());
        if (app.deployedAt() != null) {
            lifecycle.setDeployedAt(seconds(app.deployedAt()));
        }
        if (app.stoppedAt() != null) {
            lifecycle.setStoppedAt(seconds(app.stoppedAt()));
        }
        return lifecycle.build();
    }

    private static AppState wireState(App.State state) {
        return AppState.valueOf("APP_STATE_" + state.name());
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

    private String page(String appId) {
        return http.url().resolve("/api/v1/apps/" + appId).toString();
    }

    static double seconds(Instant instant) {
        return instant.toEpochMilli() / 1000.0;
    }
}
