// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import modal.client.ContainerServerLifecycleReadyRequest;
import modal.client.FlashContainerListRequest;
import modal.client.FlashContainerListResponse;
import modal.client.ModalClientGrpc;
import serai.activate.Doorkeeper;
import serai.function.Functions;
import serai.pool.Pools;
import serai.serve.Serving;

/** HTTP servers: their containers say one word, and their users may ask where they are. */
@ApplicationScoped
class ServerRpcs implements RpcFeature {
    private final Doorkeeper doorkeeper;
    private final Functions functions;
    private final Pools pools;
    private final Serving serving;

    @Inject
    ServerRpcs(Doorkeeper doorkeeper, Functions functions, Pools pools, Serving serving) {
        this.doorkeeper = doorkeeper;
        this.functions = functions;
        this.pools = pools;
        this.serving = serving;
    }

    ServerRpcs() {
        this(null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getContainerServerLifecycleReadyMethod(), this::entered)
                .unary(ModalClientGrpc.getFlashContainerListMethod(), this::list);
    }

    /** Its code was entered: all that such a container ever says. */
    private Empty entered(Caller caller, ContainerServerLifecycleReadyRequest request) {
        var me = caller.mustBeContainer();
        doorkeeper.entered(me.id(), me.pool());
        return Empty.getDefaultInstance();
    }

    /** Those that take requests now. Their doors open to the gateway only. */
    private FlashContainerListResponse list(Caller caller, FlashContainerListRequest request) {
        var answer = FlashContainerListResponse.newBuilder();
        var function = functions.get(caller.tenant(), request.getFunctionId());
        if (function.definitionId() != null) {
            pools.current(function)
                    .map(pool -> serving.doors(pool.id()))
                    .ifPresent(doors ->
                            doors.forEach(door -> answer.addContainers(FlashContainerListResponse.Container.newBuilder()
                                    .setTaskId(door.containerId())
                                    .setHost(door.host())
                                    .setPort(door.port()))));
        }
        return answer.build();
    }
}
