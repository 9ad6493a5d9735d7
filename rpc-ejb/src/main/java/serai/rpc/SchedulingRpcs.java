// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.InstantSource;
import modal.client.AutoscalerConfiguration;
import modal.client.FunctionGetCurrentStatsRequest;
import modal.client.FunctionGetSchedulingParamsRequest;
import modal.client.FunctionGetSchedulingParamsResponse;
import modal.client.FunctionStats;
import modal.client.FunctionUpdateSchedulingParamsRequest;
import modal.client.FunctionUpdateSchedulingParamsResponse;
import modal.client.ModalClientGrpc;
import serai.activate.Adjuster;
import serai.call.Inputs;
import serai.container.Containers;
import serai.function.AutoscalerSettings;
import serai.function.Definition;
import serai.function.Functions;
import serai.pool.Pool;
import serai.pool.Pools;
import serai.problem.Problem;
import serai.serve.Serving;

/** How a function scales: what is set, what is changed while it runs, and what it has now. */
@ApplicationScoped
class SchedulingRpcs implements RpcFeature {
    private final Functions functions;
    private final Adjuster adjuster;
    private final Pools pools;
    private final Containers containers;
    private final Inputs inputs;
    private final Serving serving;
    private final InstantSource clock = InstantSource.system();

    @Inject
    SchedulingRpcs(
            Functions functions,
            Adjuster adjuster,
            Pools pools,
            Containers containers,
            Inputs inputs,
            Serving serving) {
        this.functions = functions;
        this.adjuster = adjuster;
        this.pools = pools;
        this.containers = containers;
        this.inputs = inputs;
        this.serving = serving;
    }

    SchedulingRpcs() {
        this(null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getFunctionUpdateSchedulingParamsMethod(), this::update)
                .unary(ModalClientGrpc.getFunctionGetSchedulingParamsMethod(), this::get)
                .unary(ModalClientGrpc.getFunctionGetCurrentStatsMethod(), this::stats);
    }

    /** What is not given stays as it is. */
    private FunctionUpdateSchedulingParamsResponse update(
            Caller caller, FunctionUpdateSchedulingParamsRequest request) {
        var function = functions.get(caller.tenant(), request.getFunctionId());
        var asked = request.getSettings();
        refuse(asked.hasScaleupWindow(), "scaleup_window");
        refuse(asked.hasTargetConcurrency() || asked.hasTargetConcurrencyFloat(), "target_concurrency");
        refuse(asked.hasScaledownRateLimit(), "scaledown_rate_limit");
        var change = new Adjuster.Change(
                asked.hasMinContainers() ? asked.getMinContainers() : null,
                asked.hasMaxContainers() ? asked.getMaxContainers() : null,
                asked.hasBufferContainers() ? asked.getBufferContainers() : null,
                asked.hasScaledownWindow() ? Duration.ofSeconds(asked.getScaledownWindow()) : null);
        return FunctionUpdateSchedulingParamsResponse.newBuilder()
                .setCurrentSettings(message(adjuster.adjust(function, change, clock.instant())))
                .build();
    }

    private static void refuse(boolean isAsked, String name) {
        if (isAsked) {
            throw Problem.FEATURE_UNSUPPORTED.because("%s cannot be changed while a function runs", name);
        }
    }

    private FunctionGetSchedulingParamsResponse get(Caller caller, FunctionGetSchedulingParamsRequest request) {
        var function = functions.get(caller.tenant(), request.getFunctionId());
        var duties = functions.definition(function.definitionId()).duties();
        var answer = AutoscalerConfiguration.newBuilder()
                .setSettings(message(adjuster.current(function)))
                .setStaticSettings(message(duties.autoscaler()));
        if (duties.serves()) {
            answer.getSettingsBuilder().setTargetConcurrencyFloat(duties.concurrency());
            answer.getStaticSettingsBuilder().setTargetConcurrencyFloat(duties.concurrency());
        }
        adjuster.adjusted(function).map(SchedulingRpcs::message).ifPresent(answer::setOverrideSettings);
        return FunctionGetSchedulingParamsResponse.newBuilder()
                .setAutoscalerConfiguration(answer)
                .build();
    }

    private static modal.client.AutoscalerSettings message(AutoscalerSettings settings) {
        return modal.client.AutoscalerSettings.newBuilder()
                .setMinContainers(settings.minContainers())
                .setMaxContainers(settings.maxContainers())
                .setBufferContainers(settings.bufferContainers())
                .setScaledownWindow((int) settings.scaledownWindow().toSeconds())
                .build();
    }

    /** Before its publication a function has nothing. */
    private FunctionStats stats(Caller caller, FunctionGetCurrentStatsRequest request) {
        var function = functions.get(caller.tenant(), request.getFunctionId());
        if (function.definitionId() == null) {
            return FunctionStats.getDefaultInstance();
        }
        var duties = functions.definition(function.definitionId()).duties();
        return pools.current(function).map(pool -> stats(pool, duties)).orElse(FunctionStats.getDefaultInstance());
    }

    private FunctionStats stats(Pool first, Definition.Duties duties) {
        var load = duties.serves() ? serving.load(first.id()) : inputs.load(first.id());
        int concurrency = Math.max(1, duties.concurrency());
        var live = pools.ranks(first.id()).stream()
                .flatMap(pool -> containers.live(pool.id()).stream())
                .toList();
        int ready = (int) live.stream().filter(c -> c.readyAt() != null).count();
        return FunctionStats.newBuilder()
                .setBacklog(load.pending())
                .setNumTotalTasks(live.size())
                .setNumRunningInputs(load.running())
                .setInputHeadroom(Math.max(0, ready * concurrency - load.running()))
                .build();
    }
}
