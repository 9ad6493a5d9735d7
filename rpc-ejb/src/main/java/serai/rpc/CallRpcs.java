// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import modal.client.FunctionCallCancelRequest;
import modal.client.FunctionCallFromIdRequest;
import modal.client.FunctionCallFromIdResponse;
import modal.client.FunctionCallType;
import modal.client.FunctionGetOutputsItem;
import modal.client.FunctionGetOutputsRequest;
import modal.client.FunctionGetOutputsResponse;
import modal.client.FunctionMapRequest;
import modal.client.FunctionMapResponse;
import modal.client.FunctionPutInputsItem;
import modal.client.FunctionPutInputsRequest;
import modal.client.FunctionPutInputsResponse;
import modal.client.FunctionPutInputsResponseItem;
import modal.client.FunctionRetryPolicy;
import modal.client.GenericResult;
import modal.client.ModalClientGrpc;
import serai.activate.CallTargets;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.Inputs;
import serai.call.NewInput;
import serai.call.Outcome;
import serai.call.Output;
import serai.call.Target;
import serai.problem.Problem;
import serai.signal.Signals;
import serai.signal.Topic;

/** Calls, as their callers see them. An input is acknowledged when it is committed. */
@ApplicationScoped
class CallRpcs implements RpcFeature {
    /** How many inputs of a map the client may have under way. */
    private static final int MAX_OUTSTANDING = 1_000;

    /** Results in one answer: far below the message limit, as each may hold 2 MiB. */
    private static final int MAX_OUTPUTS = 20;

    private static final int MAX_INPUTS = 1_000;

    /** How long a failure waits for values that were yielded before it: the client drops what comes after it. */
    private static final Duration VALUES_FIRST = Duration.ofSeconds(5);

    private static final Duration LONGEST_POLL = Duration.ofSeconds(60);

    private static final int REMEMBERED = 10_000;

    /** Far below the time for which calls are kept. */
    private static final Duration FORGOTTEN = Duration.ofMinutes(5);

    /**
     * Whose call it is and of which kind never changes. One that was forgotten meanwhile, which is over, is answered like one
     * without results for as long as this is remembered, and then like one that never was.
     */
    private final Cache<String, Known> known = Caffeine.newBuilder()
            .expireAfterWrite(FORGOTTEN)
            .maximumSize(REMEMBERED)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private record Known(String workspaceId, FunctionCall.Kind kind) {}

    private final CallTargets targets;
    private final Calls calls;
    private final Inputs inputs;
    private final Once once;
    private final OpenStreams streams;
    private final LongPoll poll;
    private final ServerContext context;

    @Inject
    CallRpcs(
            CallTargets targets,
            Calls calls,
            Inputs inputs,
            Once once,
            OpenStreams streams,
            Signals signals,
            ServerContext context) {
        this.context = context;
        this.targets = targets;
        this.calls = calls;
        this.inputs = inputs;
        this.once = once;
        this.streams = streams;
        this.poll = new LongPoll(signals);
    }

    CallRpcs() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.direct(ModalClientGrpc.getFunctionMapMethod(), this::start)
                .unary(ModalClientGrpc.getFunctionPutInputsMethod(), this::put)
                .direct(ModalClientGrpc.getFunctionGetOutputsMethod(), this::outputs)
                .unary(ModalClientGrpc.getFunctionCallFromIdMethod(), this::fromId)
                .unary(ModalClientGrpc.getFunctionCallCancelMethod(), this::cancel);
    }

    private FunctionMapResponse start(Caller caller, FunctionMapRequest request) {
        var target = target(caller, request.getFunctionId());
        var call = new Calls.NewCall(
                request.getFunctionCallType() == FunctionCallType.FUNCTION_CALL_TYPE_MAP
                        ? FunctionCall.Kind.MAP
                        : FunctionCall.Kind.UNARY,
                request.getFunctionCallInvocationTypeValue(),
                request.getParentInputId().isEmpty() ? null : request.getParentInputId());
        var inputs = read(request.getPipelinedInputsList());
        var method = ModalClientGrpc.getFunctionMapMethod();
        if (inputs.size() != 1) {
            return context.get(() -> once.answer(
                    method,
                    FunctionMapResponse.parser(),
                    caller,
                    () -> started(target, inputs, calls.start(target, call, inputs))));
        }
        return once.before(method, FunctionMapResponse.parser(), caller).orElseGet(() -> {
            var ids = Calls.Started.one();
            var answer = started(target, inputs, ids);
            calls.startOne(target, call, inputs.getFirst(), ids, Once.toKeep(method, caller, answer));
            known.put(ids.callId(), new Known(target.workspaceId(), call.kind()));
            return answer;
        });
    }

    private static FunctionMapResponse started(Target target, List<NewInput> inputs, Calls.Started started) {
        return FunctionMapResponse.newBuilder()
                .setFunctionCallId(started.callId())
                .setFunctionCallJwt(started.callId())
                .addAllPipelinedInputs(acknowledge(inputs, started.inputIds()))
                .setRetryPolicy(FunctionRetryPolicy.newBuilder().setRetries(target.retries()))
                .setSyncClientRetriesEnabled(false)
                .setMaxInputsOutstanding(MAX_OUTSTANDING)
                .build();
    }

    private FunctionPutInputsResponse put(Caller caller, FunctionPutInputsRequest request) {
        var call = calls.get(caller.tenant(), request.getFunctionCallId());
        var target = targets.of(caller.tenant(), call.functionId());
        var inputs = read(request.getInputsList());
        var method = ModalClientGrpc.getFunctionPutInputsMethod();
        return once.answer(
                method,
                FunctionPutInputsResponse.parser(),
                caller,
                () -> FunctionPutInputsResponse.newBuilder()
                        .addAllInputs(acknowledge(inputs, calls.add(target, call, inputs)))
                        .build());
    }

    private Target target(Caller caller, String functionId) {
        var seen = targets.look(caller.tenant(), functionId);
        return seen.poolId() == null ? context.get(() -> targets.of(caller.tenant(), functionId)) : seen;
    }

    private static List<NewInput> read(List<FunctionPutInputsItem> items) {
        if (items.size() > MAX_INPUTS) {
            throw Problem.INVALID_ARGUMENT.because(
                    "%d inputs in one request, at most %d are allowed", items.size(), MAX_INPUTS);
        }
        return items.stream()
                .map(item -> new NewInput(
                        item.getIdx(),
                        item.getInput().getMethodName(),
                        item.getInput().toByteArray()))
                .toList();
    }

    private static List<FunctionPutInputsResponseItem> acknowledge(List<NewInput> inputs, List<String> ids) {
        var items = new ArrayList<FunctionPutInputsResponseItem>(ids.size());
        for (int i = 0; i < ids.size(); i++) {
            items.add(FunctionPutInputsResponseItem.newBuilder()
                    .setIdx(inputs.get(i).idx())
                    .setInputId(ids.get(i))
                    .setInputJwt(ids.get(i))
                    .build());
        }
        return items;
    }

    private FunctionGetOutputsResponse outputs(Caller caller, FunctionGetOutputsRequest request)
            throws InterruptedException {
        var call = request.getFunctionCallId();
        var kind = kindOf(caller, call);
        int after = EntryId.parse(request.getLastEntryId());
        int limit = request.getMaxValues() > 0 ? Math.min(request.getMaxValues(), MAX_OUTPUTS) : MAX_OUTPUTS;
        var found = poll.until(
                Topic.call(call),
                timeout(request.getTimeout()),
                () -> request.hasStartIdx()
                        ? calls.outputsBetween(call, request.getStartIdx(), request.getEndIdx(), limit)
                        : calls.outputsAfter(call, after, limit),
                outputs -> !outputs.isEmpty());
        if (found.stream().anyMatch(output -> output.outcome() != Outcome.SUCCESS)) {
            streams.awaitEnd(call, VALUES_FIRST);
        }
        var response = FunctionGetOutputsResponse.newBuilder()
                .setNumUnfinishedInputs(unfinished(caller, call, kind, found))
                .setLastEntryId(
                        EntryId.of(found.isEmpty() ? after : found.getLast().ordinal()));
        for (var output : found) {
            response.addIdxs(output.idx()).addOutputs(item(output));
        }
        return response.build();
    }

    private FunctionCall.Kind kindOf(Caller caller, String id) {
        var seen = known.getIfPresent(id);
        if (seen != null && seen.workspaceId.equals(caller.tenant().workspaceId())) {
            return seen.kind;
        }
        var call = calls.get(caller.tenant(), id);
        known.put(id, new Known(call.workspaceId(), call.kind()));
        return call.kind();
    }

    /** A unary call that has its output has no other input: no need to look. */
    private int unfinished(Caller caller, String call, FunctionCall.Kind kind, List<Output> found) {
        if (kind == FunctionCall.Kind.UNARY && !found.isEmpty()) {
            return 0;
        }
        var now = calls.get(caller.tenant(), call);
        return now.inputs() - now.outputs();
    }

    static Duration timeout(float seconds) {
        var asked = Duration.ofMillis((long) (Math.max(0, seconds) * 1000));
        return asked.compareTo(LONGEST_POLL) < 0 ? asked : LONGEST_POLL;
    }

    private static FunctionGetOutputsItem item(Output output) {
        try {
            var item = FunctionGetOutputsItem.newBuilder();
            if (output.content() == null) {
                item.getResultBuilder()
                        .setStatus(GenericResult.GenericStatus.valueOf(
                                "GENERIC_STATUS_" + output.outcome().name()))
                        .setException(output.reason());
            } else {
                item.mergeFrom(output.content());
            }
            return item.setIdx(output.idx())
                    .setInputId(output.inputId())
                    .setRetryCount(0) // retries are ours: another number would make the client's map wait for ever
                    .build();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a kept output cannot be read", e);
        }
    }

    private Empty cancel(Caller caller, FunctionCallCancelRequest request) {
        if (request.getTerminateContainers()) {
            throw Problem.UNSUPPORTED.because("terminate_containers is not available: cancel without it");
        }
        inputs.cancel(calls.get(caller.tenant(), request.getFunctionCallId()).id(), "Input was cancelled by the user");
        return Empty.getDefaultInstance();
    }

    private FunctionCallFromIdResponse fromId(Caller caller, FunctionCallFromIdRequest request) {
        var call = calls.get(caller.tenant(), request.getFunctionCallId());
        var response = FunctionCallFromIdResponse.newBuilder()
                .setFunctionCallId(call.id())
                .setNumInputs(call.inputs());
        response.getMetadataBuilder().setAppId(call.appId()).setFunctionId(call.functionId());
        return response.build();
    }
}
