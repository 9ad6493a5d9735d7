// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.HashMap;
import java.util.List;
import modal.client.ContainerStopRequest;
import modal.client.ContainerStopResponse;
import modal.client.ModalClientGrpc;
import modal.client.TaskGetInfoRequest;
import modal.client.TaskGetInfoResponse;
import modal.client.TaskListRequest;
import modal.client.TaskListResponse;
import modal.client.TaskStats;
import serai.app.App;
import serai.app.Apps;
import serai.container.Container;
import serai.container.Containers;
import serai.reap.Evictions;
import serai.workspace.Workspaces;

/** Containers as people look at them, under the protocol's word for them. */
@ApplicationScoped
class TaskRpcs implements RpcFeature {
    private final Containers containers;
    private final Apps apps;
    private final Workspaces workspaces;
    private final Evictions evictions;

    @Inject
    TaskRpcs(Containers containers, Apps apps, Workspaces workspaces, Evictions evictions) {
        this.containers = containers;
        this.apps = apps;
        this.workspaces = workspaces;
        this.evictions = evictions;
    }

    TaskRpcs() {
        this(null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getTaskListMethod(), this::list)
                .unary(ModalClientGrpc.getTaskGetInfoMethod(), this::info)
                .unary(ModalClientGrpc.getContainerStopMethod(), this::stop);
    }

    private TaskListResponse list(Caller caller, TaskListRequest request) {
        var titles = new HashMap<String, String>();
        var response = TaskListResponse.newBuilder();
        for (var container : live(caller, request)) {
            var title = titles.computeIfAbsent(
                    container.appId(), id -> apps.find(id).map(TaskRpcs::title).orElse(""));
            var stats = TaskStats.newBuilder()
                    .setTaskId(container.id())
                    .setAppId(container.appId())
                    .setAppDescription(title)
                    .setEnqueuedAt(AppRpcs.seconds(container.createdAt()));
            if (container.readyAt() != null) {
                stats.setStartedAt(AppRpcs.seconds(container.readyAt()));
            }
            response.addTasks(stats);
        }
        return response.build();
    }

    private List<Container> live(Caller caller, TaskListRequest request) {
        if (!request.getAppId().isEmpty()) {
            return containers.liveOfApp(
                    apps.get(caller.tenant(), request.getAppId()).id());
        }
        return containers.liveOf(workspaces.environment(caller.tenant(), request.getEnvironmentName()));
    }

    private static String title(App app) {
        return app.name() == null ? app.description() : app.name();
    }

    private TaskGetInfoResponse info(Caller caller, TaskGetInfoRequest request) {
        var container = containers.get(caller.tenant(), request.getTaskId());
        var response = TaskGetInfoResponse.newBuilder().setAppId(container.appId());
        var info =
                response.getInfoBuilder().setId(container.id()).setEnqueuedAt(AppRpcs.seconds(container.createdAt()));
        if (container.readyAt() != null) {
            info.setStartedAt(AppRpcs.seconds(container.readyAt()));
        }
        if (container.endedAt() != null) {
            info.setFinishedAt(AppRpcs.seconds(container.endedAt()));
        }
        return response.build();
    }

    private ContainerStopResponse stop(Caller caller, ContainerStopRequest request) {
        var container = containers.get(caller.tenant(), request.getTaskId());
        if (request.getGraceful()) {
            containers.drain(container.id()); // it ends when it has finished what it works on
        } else {
            evictions.end(container.id(), "stopped by the user");
        }
        return ContainerStopResponse.getDefaultInstance();
    }
}
