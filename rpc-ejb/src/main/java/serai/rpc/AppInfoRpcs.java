// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import modal.client.AppDeploymentHistory;
import modal.client.AppDeploymentHistoryRequest;
import modal.client.AppDeploymentHistoryResponse;
import modal.client.AppGetInfoRequest;
import modal.client.AppGetInfoResponse;
import modal.client.AppGetLifecycleRequest;
import modal.client.AppGetLifecycleResponse;
import modal.client.AppGetTagsRequest;
import modal.client.AppGetTagsResponse;
import modal.client.AppHandleMetadata;
import modal.client.AppListRequest;
import modal.client.AppListResponse;
import modal.client.AppSetTagsRequest;
import modal.client.CommitInfo;
import modal.client.ModalClientGrpc;
import serai.app.App;
import serai.app.AppVersion;
import serai.app.Apps;
import serai.container.Containers;
import serai.definition.FunctionWire;
import serai.function.Definition;
import serai.function.Functions;
import serai.protocol.Messages;
import serai.workspace.Workspaces;

/** Apps as people look at them: listed, described, with their history and their labels. */
@ApplicationScoped
class AppInfoRpcs implements RpcFeature {
    /** How long a stopped app is listed. */
    private static final Duration RECENTLY = Duration.ofDays(1);

    private static final int MOST_APPS = 1_000;
    private static final int MOST_VERSIONS = 500;

    private final Apps apps;
    private final Functions functions;
    private final Containers containers;
    private final Workspaces workspaces;
    private final InstantSource clock = InstantSource.system();

    @Inject
    AppInfoRpcs(Apps apps, Functions functions, Containers containers, Workspaces workspaces) {
        this.apps = apps;
        this.functions = functions;
        this.containers = containers;
        this.workspaces = workspaces;
    }

    AppInfoRpcs() {
        this(null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getAppListMethod(), this::list)
                .unary(ModalClientGrpc.getAppGetLifecycleMethod(), this::lifecycle)
                .unary(ModalClientGrpc.getAppGetInfoMethod(), this::info)
                .unary(ModalClientGrpc.getAppDeploymentHistoryMethod(), this::history)
                .unary(ModalClientGrpc.getAppGetTagsMethod(), this::tags)
                .unary(ModalClientGrpc.getAppSetTagsMethod(), this::setTags);
    }

    private AppListResponse list(Caller caller, AppListRequest request) {
        var environment = workspaces.environment(caller.tenant(), request.getEnvironmentName());
        var running = new HashMap<String, Integer>();
        for (var container : containers.liveOf(environment)) {
            running.merge(container.appId(), 1, Integer::sum);
        }
        var response = AppListResponse.newBuilder();
        for (var app : apps.list(environment, clock.instant().minus(RECENTLY), MOST_APPS)) {
            var item = AppListResponse.AppListItem.newBuilder()
                    .setAppId(app.id())
                    .setDescription(title(app))
                    .setName(title(app))
                    .setState(AppStates.wire(app.state()))
                    .setCreatedAt(AppRpcs.seconds(app.createdAt()))
                    .setNRunningTasks(running.getOrDefault(app.id(), 0))
                    .setMetadata(metadata(caller, app, environment.name()));
            if (app.stoppedAt() != null) {
                item.setStoppedAt(AppRpcs.seconds(app.stoppedAt()));
            }
            response.addApps(item);
        }
        return response.build();
    }

    private static String title(App app) {
        return app.name() == null ? app.description() : app.name();
    }

    private static AppHandleMetadata.Builder metadata(Caller caller, App app, String environment) {
        return AppHandleMetadata.newBuilder()
                .setAppId(app.id())
                .setDescription(title(app))
                .setEnvironmentName(environment)
                .setLifecycle(AppStates.lifecycle(caller, app));
    }

    private AppGetLifecycleResponse lifecycle(Caller caller, AppGetLifecycleRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        return AppGetLifecycleResponse.newBuilder()
                .setLifecycle(AppStates.lifecycle(caller, app))
                .build();
    }

    private AppGetInfoResponse info(Caller caller, AppGetInfoRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        var environment = workspaces.environment(app.environmentId()).name();
        var layout = apps.layout(app).functions();
        var response = AppGetInfoResponse.newBuilder()
                .setInfo(metadata(caller, app, environment).putAllFunctions(layout));
        for (var definition : functions.definitions(app.id())) {
            if (layout.containsValue(definition.functionId())) {
                response.putFunctionInfoSummaries(definition.functionId(), summary(definition));
            }
        }
        return response.build();
    }

    private static AppGetInfoResponse.FunctionInfoSummary summary(Definition definition) {
        var function = Messages.parseFunction(definition.wire().content());
        var summary = AppGetInfoResponse.FunctionInfoSummary.newBuilder()
                .setWebFunction(function.getWebhookConfig().getTypeValue() != 0);
        if (function.hasSchedule()) {
            summary.setSchedule(function.getSchedule());
        }
        if (summary.getWebFunction()) {
            summary.setRequiresProxyAuth(function.getWebhookConfig().getRequiresProxyAuth());
        }
        for (var ranked : FunctionWire.ranked(FunctionWire.data(definition.wire()))) {
            if (ranked.getResources().getGpuConfig().getCount() > 0) {
                summary.addGpuConfig(ranked.getResources().getGpuConfig());
            }
        }
        return summary.build();
    }

    private AppDeploymentHistoryResponse history(Caller caller, AppDeploymentHistoryRequest request) {
        var app = apps.get(caller.tenant(), request.getAppId());
        var response = AppDeploymentHistoryResponse.newBuilder().setProductionAppVersion(app.version());
        for (var version : apps.versions(app, Integer.MAX_VALUE, MOST_VERSIONS)) {
            response.addAppDeploymentHistories(entry(caller, app, version));
        }
        return response.build();
    }

    private static AppDeploymentHistory entry(Caller caller, App app, AppVersion version) {
        var entry = AppDeploymentHistory.newBuilder()
                .setAppId(app.id())
                .setVersion(version.version())
                .setClientVersion(version.clientVersion() == null ? "" : version.clientVersion())
                .setDeployedAt(AppRpcs.seconds(version.publishedAt()))
                .setDeployedBy(caller.tenant().workspaceName())
                .setTag(version.tag())
                .setRollbackAllowed(app.state() == App.State.DEPLOYED && version.version() < app.version());
        if (version.rollbackOf() != null) {
            entry.setRollbackVersion(version.rollbackOf());
        }
        if (version.commitInfo() != null) {
            entry.setCommitInfo(commit(version.commitInfo()));
        }
        return entry.build();
    }

    private static CommitInfo commit(byte[] content) {
        try {
            return CommitInfo.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("stored commit information cannot be read", e);
        }
    }

    private AppGetTagsResponse tags(Caller caller, AppGetTagsRequest request) {
        return AppGetTagsResponse.newBuilder()
                .putAllTags(apps.get(caller.tenant(), request.getAppId()).tags())
                .build();
    }

    private Empty setTags(Caller caller, AppSetTagsRequest request) {
        apps.label(caller.tenant(), request.getAppId(), request.getTagsMap());
        return Empty.getDefaultInstance();
    }
}
