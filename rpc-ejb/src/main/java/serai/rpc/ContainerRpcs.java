// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import modal.client.CancelInputEvent;
import modal.client.ContainerHeartbeatRequest;
import modal.client.ContainerHeartbeatResponse;
import modal.client.FunctionGetDynamicConcurrencyRequest;
import modal.client.FunctionGetDynamicConcurrencyResponse;
import modal.client.FunctionGetInputsItem;
import modal.client.FunctionGetInputsRequest;
import modal.client.FunctionGetInputsResponse;
import modal.client.FunctionGetOutputsItem;
import modal.client.FunctionInput;
import modal.client.FunctionPutOutputsItem;
import modal.client.FunctionPutOutputsRequest;
import modal.client.GenericResult;
import modal.client.ModalClientGrpc;
import modal.client.TaskResultRequest;
import serai.autoscale.Reconciliations;
import serai.call.Claimed;
import serai.call.Inputs;
import serai.call.Outcome;
import serai.call.Result;
import serai.container.Containers;
import serai.database.DatabaseClock;
import serai.problem.Problem;
import serai.reap.Departures;
import serai.server.ServerContext;
import serai.signal.Signals;
import serai.signal.Topic;

/** The container's side: it says hello, keeps its lease, asks for inputs and delivers results. */
@ApplicationScoped
class ContainerRpcs implements RpcFeature {
    /** An empty answer makes the container ask again at once. */
    private static final Duration WORK_POLL = Duration.ofSeconds(45);

    /** Below the container's own deadline of 15.1 s for a heartbeat. */
    private static final Duration HEARTBEAT_POLL = Duration.ofSeconds(10);

    private static final int REMEMBERED = 10_000;

    private static final int LARGEST_BATCH = 1_000;

    private final Set<String> ready = ConcurrentHashMap.newKeySet();
    private final Containers containers;
    private final Inputs inputs;
    private final KnownCalls calls;
    private final Departures departures;
    private final Reconciliations reconciliations;
    private final LongPoll poll;
    private final ServerContext context;
    private final InstantSource clock;

    @Inject
    ContainerRpcs(
            Containers containers,
            Inputs inputs,
            KnownCalls calls,
            Departures departures,
            Reconciliations reconciliations,
            Signals signals,
            ServerContext context,
            DatabaseClock clock) {
        this.clock = clock;
        this.context = context;
        this.containers = containers;
        this.inputs = inputs;
        this.calls = calls;
        this.departures = departures;
        this.reconciliations = reconciliations;
        this.poll = new LongPoll(signals);
    }

    ContainerRpcs() {
        this(null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getContainerHelloMethod(), this::hello)
                .unary(ModalClientGrpc.getContainerHeartbeatMethod(), this::heartbeat)
                .direct(ModalClientGrpc.getFunctionGetInputsMethod(), this::getInputs)
                .unary(ModalClientGrpc.getFunctionGetDynamicConcurrencyMethod(), this::concurrency)
                .direct(ModalClientGrpc.getFunctionPutOutputsMethod(), this::putOutputs)
                .unary(ModalClientGrpc.getTaskResultMethod(), this::taskResult);
    }

    private Empty hello(Caller caller, Empty request) {
        containers.heartbeat(caller.mustBeContainer().id(), clock.instant());
        return Empty.getDefaultInstance();
    }

    private ContainerHeartbeatResponse heartbeat(Caller caller, ContainerHeartbeatRequest request)
            throws InterruptedException {
        var me = caller.mustBeContainer();
        containers.heartbeat(me.id(), clock.instant());
        // held, as it is the only way down: what there is to tell will end it early
        var cancelled = poll.until(
                Topic.container(me.id()), HEARTBEAT_POLL, () -> inputs.cancelled(me.id()), ids -> !ids.isEmpty());
        if (cancelled.isEmpty()) {
            return ContainerHeartbeatResponse.getDefaultInstance();
        }
        return ContainerHeartbeatResponse.newBuilder()
                .setCancelInputEvent(CancelInputEvent.newBuilder().addAllInputIds(cancelled))
                .build();
    }

    /** The target is what the pool is sized for; while inputs wait nevertheless, a container takes up to its maximum. */
    private FunctionGetDynamicConcurrencyResponse concurrency(
            Caller caller, FunctionGetDynamicConcurrencyRequest request) {
        int target = Math.max(1, request.getTargetConcurrency());
        int most = Math.max(target, request.getMaxConcurrency());
        boolean isBurst = inputs.isAnyWaiting(caller.mustBeContainer().queue());
        return FunctionGetDynamicConcurrencyResponse.newBuilder()
                .setConcurrency(isBurst ? most : target)
                .build();
    }

    private FunctionGetInputsResponse getInputs(Caller caller, FunctionGetInputsRequest request)
            throws InterruptedException {
        var me = caller.mustBeContainer();
        noteReady(me);
        if (caller.isRetry()) {
            var before = inputs.claimedBefore(me.id(), caller.idempotencyKey());
            if (!before.isEmpty()) {
                return answer(before);
            }
        }
        int atMost = Math.clamp(request.getBatchMaxSize(), 1, LARGEST_BATCH);
        var work = poll.until(
                Topic.work(me.queue().value()),
                me.turn(),
                WORK_POLL,
                () -> look(me, atMost, caller.idempotencyKey()),
                Inputs.Look::isOver);
        if (work.stop()) {
            return killSwitch();
        }
        var claimed = work.claimed();
        return answer(
                claimed.isEmpty() || claimed.size() == atMost
                        ? claimed
                        : fill(caller, claimed, atMost, Duration.ofMillis(request.getBatchLingerMs())));
    }

    private Inputs.Look look(ContainerIdentity me, int atMost, String key) {
        if (me.singleUse()) {
            return inputs.look(me.queue(), me.id(), Inputs.Wish.only(), key);
        }
        return atMost == 1
                ? inputs.look(me.queue(), me.id(), 1, key)
                : inputs.look(me.queue(), me.id(), Inputs.Wish.batch(atMost), key);
    }

    /** A batch waits for others of its method, but not for long. What it has is the container's already, also if it goes. */
    private List<Claimed> fill(Caller caller, List<Claimed> begun, int atMost, Duration linger)
            throws InterruptedException {
        var me = caller.mustBeContainer();
        var batch = new ArrayList<>(begun);
        poll.until(
                Topic.work(me.queue().value()),
                me.turn(),
                linger.compareTo(WORK_POLL) < 0 ? linger : WORK_POLL,
                () -> {
                    var wish = Inputs.Wish.batch(atMost)
                            .more(atMost - batch.size(), begun.getFirst().method());
                    var more = inputs.look(me.queue(), me.id(), wish, caller.idempotencyKey());
                    batch.addAll(more.claimed());
                    return more.stop() || batch.size() == atMost;
                },
                full -> full);
        return batch;
    }

    /** The first request for work tells that the start is over. */
    private void noteReady(ContainerIdentity me) {
        if (ready.contains(me.id())) {
            return;
        }
        context.run(() -> {
            if (containers.ready(me.id(), clock.instant())) {
                reconciliations.request(me.pool()); // more may start now
            }
        });
        if (ready.size() >= REMEMBERED) {
            ready.clear();
        }
        ready.add(me.id());
    }

    private static FunctionGetInputsResponse killSwitch() {
        return FunctionGetInputsResponse.newBuilder()
                .addInputs(FunctionGetInputsItem.newBuilder().setKillSwitch(true))
                .build();
    }

    private static FunctionGetInputsResponse answer(List<Claimed> claimed) {
        var response = FunctionGetInputsResponse.newBuilder();
        for (var input : claimed) {
            response.addInputs(FunctionGetInputsItem.newBuilder()
                    .setInputId(input.inputId())
                    .setInput(parse(input.payload()))
                    .setFunctionCallId(input.callId())
                    .setFunctionCallInvocationTypeValue(input.invocation())
                    .setRetryCount(input.attempt() - 1));
        }
        return response.build();
    }

    private static FunctionInput parse(byte[] payload) {
        try {
            return FunctionInput.parseFrom(payload);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("kept arguments cannot be read", e);
        }
    }

    private Empty putOutputs(Caller caller, FunctionPutOutputsRequest request) {
        var me = caller.mustBeContainer();
        var results = request.getOutputsList().stream().map(o -> result(me, o)).toList();
        if (Inputs.areFinal(me.retryPolicy(), results)) {
            inputs.acceptFinal(me.id(), results.getFirst(), calls::delivered);
        } else {
            context.run(() -> inputs.accept(me.id(), me.retryPolicy(), results));
        }
        return Empty.getDefaultInstance();
    }

    private static Result result(ContainerIdentity me, FunctionPutOutputsItem output) {
        var kept = FunctionGetOutputsItem.newBuilder()
                .setResult(output.getResult())
                .setDataFormat(output.getDataFormat())
                .setTaskId(me.id())
                .setInputStartedAt(output.getInputStartedAt())
                .setOutputCreatedAt(output.getOutputCreatedAt())
                .build();
        return new Result(
                output.getInputId(),
                output.getRetryCount() + 1,
                outcome(output.getResult().getStatus()),
                kept.toByteArray());
    }

    private static Outcome outcome(GenericResult.GenericStatus status) {
        return switch (status) {
            case GENERIC_STATUS_SUCCESS -> Outcome.SUCCESS;
            case GENERIC_STATUS_FAILURE -> Outcome.FAILURE;
            case GENERIC_STATUS_TIMEOUT -> Outcome.TIMEOUT;
            case GENERIC_STATUS_TERMINATED -> Outcome.TERMINATED;
            case GENERIC_STATUS_INTERNAL_FAILURE,
                    GENERIC_STATUS_INIT_FAILURE,
                    GENERIC_STATUS_MEMORY_MANAGER_EVICTION,
                    GENERIC_STATUS_MEMORY_THRASHING_EVICTION,
                    GENERIC_STATUS_KERNEL_OOM_KILL -> Outcome.INTERNAL_FAILURE;
            case GENERIC_STATUS_UNSPECIFIED, GENERIC_STATUS_IDLE_TIMEOUT, UNRECOGNIZED ->
                throw Problem.INVALID_ARGUMENT.because("result status %s", status);
        };
    }

    private Empty taskResult(Caller caller, TaskResultRequest request) {
        var me = caller.mustBeContainer();
        if (request.getResult().getStatus() == GenericResult.GenericStatus.GENERIC_STATUS_SUCCESS) {
            return Empty.getDefaultInstance();
        }
        var verdict = FunctionGetOutputsItem.newBuilder()
                .setResult(request.getResult())
                .setTaskId(me.id())
                .build();
        departures.startFailed(
                me.id(), verdict.toByteArray(), request.getResult().getException());
        return Empty.getDefaultInstance();
    }
}
