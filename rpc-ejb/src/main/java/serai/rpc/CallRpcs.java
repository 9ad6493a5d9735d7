// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.function.Supplier;
import modal.client.FunctionCallCancelRequest;
import modal.client.FunctionCallFromIdRequest;
import modal.client.FunctionCallFromIdResponse;
import modal.client.FunctionCallType;
import modal.client.FunctionFinishInputsRequest;
import modal.client.FunctionGetCallGraphRequest;
import modal.client.FunctionGetCallGraphResponse;
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
import serai.call.Backlogs;
import serai.call.Calls;
import serai.call.FunctionCall;
import serai.call.Inputs;
import serai.call.NewInput;
import serai.call.Outcome;
import serai.call.Output;
import serai.call.Target;
import serai.function.Functions;
import serai.problem.Problem;
import serai.protocol.Messages;
import serai.reap.Evictions;
import serai.server.ServerContext;
import serai.signal.Signals;
import serai.signal.Topic;

/** Calls, as their callers see them. An input is acknowledged when it is committed. */
@ApplicationScoped
class CallRpcs implements RpcFeature {
    /** How many inputs of a map the client may have under way. */
    private static final int MAX_OUTSTANDING = 1_000;

    /** Results in one answer: far below the message limit, as each may hold 2 MiB. */
    private static final int MAX_OUTPUTS = 20;

    /** The client reads a range in parts of so many. */
    private static final int MAX_RANGE = 49;

    private static final int MAX_INPUTS = 1_000;

    /** At where a call goes, before its function counts as one that changes all the time. */
    private static final int MOST_LOOKS = 5;

    /** Inputs, and calls, of a graph. */
    private static final int MOST_OF_A_GRAPH = 1_000;

    /** How long a map's result waits for others: a request for each of many small ones keeps both sides busy. */
    private static final Duration GATHERING = Duration.ofMillis(20);

    /** How long a failure waits for values that were yielded before it: the client drops what comes after it. */
    private static final Duration VALUES_FIRST = Duration.ofSeconds(5);

    private static final Duration LONGEST_POLL = Duration.ofSeconds(60);

    private final KnownCalls known;
    private final CallTargets targets;
    private final Calls calls;
    private final Inputs inputs;
    private final Backlogs backlogs;
    private final Functions functions;
    private final Evictions evictions;
    private final Once once;
    private final OpenStreams streams;
    private final LongPoll poll;
    private final ServerContext context;

    @Inject
    CallRpcs(
            KnownCalls known,
            CallTargets targets,
            Calls calls,
            Inputs inputs,
            Backlogs backlogs,
            Functions functions,
            Evictions evictions,
            Once once,
            OpenStreams streams,
            Signals signals,
            ServerContext context) {
        this.context = context;
        this.known = known;
        this.targets = targets;
        this.calls = calls;
        this.inputs = inputs;
        this.backlogs = backlogs;
        this.functions = functions;
        this.evictions = evictions;
        this.once = once;
        this.streams = streams;
        this.poll = new LongPoll(signals);
    }

    CallRpcs() {
        this(null, null, null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.direct(ModalClientGrpc.getFunctionMapMethod(), this::start)
                .unary(ModalClientGrpc.getFunctionPutInputsMethod(), this::put)
                .direct(ModalClientGrpc.getFunctionGetOutputsMethod(), this::outputs)
                .unary(ModalClientGrpc.getFunctionFinishInputsMethod(), this::finishInputs)
                .unary(ModalClientGrpc.getFunctionCallFromIdMethod(), this::fromId)
                .unary(ModalClientGrpc.getFunctionGetCallGraphMethod(), this::graph)
                .unary(ModalClientGrpc.getFunctionCallCancelMethod(), this::cancel);
    }

    private FunctionMapResponse start(Caller caller, FunctionMapRequest request) {
        var call = new Calls.NewCall(
                request.getFunctionCallType() == FunctionCallType.FUNCTION_CALL_TYPE_MAP
                        ? FunctionCall.Kind.MAP
                        : FunctionCall.Kind.UNARY,
                request.getFunctionCallInvocationTypeValue(),
                request.getParentInputId().isEmpty() ? null : request.getParentInputId());
        var inputs = read(request.getPipelinedInputsList());
        var method = ModalClientGrpc.getFunctionMapMethod();
        if (inputs.size() == 1) {
            return once.before(method, FunctionMapResponse.parser(), caller)
                    .orElseGet(() -> startOne(caller, request.getFunctionId(), call, inputs));
        }
        var target = target(caller, request.getFunctionId());
        backlogs.mustHaveRoom(target);
        return context.get(() -> once.answer(
                method,
                FunctionMapResponse.parser(),
                caller,
                () -> started(target, inputs, calls.start(target, call, inputs))));
    }

    private FunctionMapResponse startOne(
            Caller caller, String functionId, Calls.NewCall call, List<NewInput> onlyInput) {
        var ids = Calls.Started.one();
        known.begin(ids.callId(), caller.tenant().workspaceId(), call.kind());
        var target = withPool(caller, targets.remembered(caller.tenant(), functionId));
        for (int look = 0; look < MOST_LOOKS; look++) {
            backlogs.mustHaveRoom(target);
            var answer = started(target, onlyInput, ids);
            var kept = Once.toKeep(ModalClientGrpc.getFunctionMapMethod(), caller, answer);
            if (calls.startOne(target, call, onlyInput.getFirst(), ids, kept)) {
                return answer;
            }
            target = target(caller, functionId);
        }
        throw Problem.FUNCTION_CHANGING.because("Function '%s' changes all the time: ask again", target.functionName());
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
        backlogs.mustHaveRoom(target);
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
        return withPool(caller, targets.look(caller.tenant(), functionId));
    }

    private Target withPool(Caller caller, Target seen) {
        return seen.poolId() == null ? context.get(() -> targets.of(caller.tenant(), seen.functionId())) : seen;
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
                    // the client says with each request for results which ones it waits for: a thousand of these
                    .setInputJwt(Integer.toString(inputs.get(i).idx(), Character.MAX_RADIX))
                    .build());
        }
        return items;
    }

    private FunctionGetOutputsResponse outputs(Caller caller, FunctionGetOutputsRequest request)
            throws InterruptedException {
        var call = request.getFunctionCallId();
        var seen = known.of(caller, call);
        var kind = seen.kind();
        int after = EntryId.parse(request.getLastEntryId());
        int most = request.hasStartIdx() ? MAX_RANGE : MAX_OUTPUTS;
        int limit = request.getMaxValues() > 0 ? Math.min(request.getMaxValues(), most) : most;
        int before = request.hasStartIdx() ? request.getStartIdx() : after;
        Supplier<List<Output>> stored = () -> request.hasStartIdx()
                ? calls.outputsBetween(call, request.getStartIdx(), request.getEndIdx(), limit)
                : calls.outputsAfter(call, after, limit);
        List<Output> found;
        try (var wait = seen.waitForResult()) {
            found = poll.until(
                    Topic.call(call),
                    timeout(request.getTimeout()),
                    () -> wait.look(before, stored),
                    outputs -> !outputs.isEmpty());
        }
        int unfinished = unfinished(caller, call, kind, found);
        if (isPartOfMany(request, found, limit) && unfinished > 0) {
            Turns.without(() -> Thread.sleep(GATHERING));
            found = calls.outputsAfter(call, after, limit);
            unfinished = unfinished(caller, call, kind, found);
        }
        if (found.stream().anyMatch(output -> output.outcome() != Outcome.SUCCESS)) {
            streams.awaitEnd(call, VALUES_FIRST);
        }
        var response = FunctionGetOutputsResponse.newBuilder()
                .setNumUnfinishedInputs(unfinished)
                .setLastEntryId(
                        EntryId.of(found.isEmpty() ? after : found.getLast().ordinal()));
        for (var output : found) {
            response.addIdxs(output.idx()).addOutputs(item(output));
        }
        return response.build();
    }

    /** A map asks for all its results, one request after the other. */
    private static boolean isPartOfMany(FunctionGetOutputsRequest request, List<Output> found, int limit) {
        return !request.hasStartIdx() && !found.isEmpty() && found.size() < limit && request.getInputJwtsCount() > 1;
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
                item.getResultBuilder().setStatus(status(output.outcome())).setException(output.reason());
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
        var call = calls.get(caller.tenant(), request.getFunctionCallId());
        inputs.cancel(call.id(), "Input was cancelled by the user");
        if (request.getTerminateContainers()) {
            inputs.workingOnCancelled(call.id())
                    .forEach(id -> evictions.end(id, "an input was cancelled together with its container"));
        }
        return Empty.getDefaultInstance();
    }

    /** That no more come is nothing we wait for; but what did not arrive must not be taken for given. */
    private Empty finishInputs(Caller caller, FunctionFinishInputsRequest request) {
        var call = calls.get(caller.tenant(), request.getFunctionCallId());
        if (call.inputs() != request.getNumInputs()) {
            throw Problem.INVALID_ARGUMENT.because(
                    "num_inputs: %s were sent, %d have arrived",
                    Integer.toUnsignedString(request.getNumInputs()), call.inputs());
        }
        return Empty.getDefaultInstance();
    }

    private FunctionGetCallGraphResponse graph(Caller caller, FunctionGetCallGraphRequest request) {
        var graph = calls.graph(caller.tenant(), request.getFunctionCallId(), MOST_OF_A_GRAPH);
        var response = FunctionGetCallGraphResponse.newBuilder().setTruncated(graph.truncated());
        var named = new HashMap<String, modal.client.Function>();
        for (var call : graph.calls()) {
            var function = named.computeIfAbsent(call.functionId(), this::definition);
            response.addFunctionCallsBuilder()
                    .setFunctionCallId(call.id())
                    .setParentInputId(call.parentInputId() == null ? "" : call.parentInputId())
                    .setFunctionName(function.getFunctionName())
                    .setModuleName(function.getModuleName());
        }
        for (var input : graph.inputs()) {
            response.addInputsBuilder()
                    .setInputId(input.id())
                    .setFunctionCallId(input.callId())
                    .setTaskId(input.containerId() == null ? "" : input.containerId())
                    .setStatus(input.outcome()
                            .map(CallRpcs::status)
                            .orElse(GenericResult.GenericStatus.GENERIC_STATUS_UNSPECIFIED));
        }
        return response.build();
    }

    private modal.client.Function definition(String functionId) {
        return functions
                .find(functionId)
                .filter(function -> function.definitionId() != null)
                .map(function -> Messages.parseFunction(
                        functions.definition(function.definitionId()).wire().content()))
                .orElse(modal.client.Function.getDefaultInstance());
    }

    private static GenericResult.GenericStatus status(Outcome outcome) {
        return GenericResult.GenericStatus.valueOf("GENERIC_STATUS_" + outcome.name());
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
