// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import modal.client.FunctionData;
import modal.client.FunctionOptions;
import modal.client.GPUConfig;
import modal.client.Resources;
import serai.problem.Problem;

/** What a variant asks for instead of its base ({@code with_options}, {@code with_concurrency}, {@code with_batching}). */
final class Options {
    private Options() {}

    /** The same for those who ask for the same: the client sends empty messages for what it leaves as it is. */
    static FunctionOptions normal(FunctionOptions options) {
        var normal = options.toBuilder();
        if (normal.getResources().getGpuConfig().equals(GPUConfig.getDefaultInstance())) {
            normal.getResourcesBuilder().clearGpuConfig();
        }
        if (normal.getResources().equals(Resources.getDefaultInstance())) {
            normal.clearResources();
        }
        return normal.build();
    }

    /** @param options absent fields leave the function as it is */
    static modal.client.Function apply(FunctionOptions options, modal.client.Function function) {
        if (options.getPinnedAppVersion() != 0) {
            throw Problem.FEATURE_UNSUPPORTED.because("a variant of one version of its app is not available");
        }
        var changed = function.toBuilder();
        resources(options.getResources(), changed.getResourcesBuilder());
        autoscaler(options, changed);
        concurrency(options, changed);
        objects(options, changed);
        if (options.hasRetryPolicy()) {
            changed.setRetryPolicy(options.getRetryPolicy());
        }
        if (options.hasTimeoutSecs()) {
            changed.setTimeoutSecs(options.getTimeoutSecs());
        }
        if (options.hasSchedulerPlacement()) {
            changed.setSchedulerPlacement(options.getSchedulerPlacement());
        }
        if (options.hasCloudProviderStr()) {
            changed.setCloudProviderStr(options.getCloudProviderStr());
        }
        if (options.hasRoutingRegion()) {
            changed.setRoutingRegion(options.getRoutingRegion());
        }
        return changed.build();
    }

    /** @return with each alternative changed; another GPU takes the place of all of them */
    static FunctionData apply(FunctionOptions options, FunctionData data) {
        var changed = data.toBuilder();
        boolean isOtherGpu = options.getResources().hasGpuConfig();
        var ranked = data.getRankedFunctionsList().stream()
                .limit(isOtherGpu ? 1 : data.getRankedFunctionsCount())
                .map(r -> r.toBuilder()
                        .setFunction(apply(options, r.getFunction()))
                        .build())
                .toList();
        changed.clearRankedFunctions().addAllRankedFunctions(ranked);
        ranked.stream()
                .findFirst()
                .ifPresent(first -> changed.setAutoscalerSettings(
                                first.getFunction().getAutoscalerSettings())
                        .setTimeoutSecs(first.getFunction().getTimeoutSecs()));
        return changed.build();
    }

    /** A limit without a request belongs to the base's request, so that one with a request goes with it. */
    private static void resources(Resources asked, Resources.Builder changed) {
        if (asked.getMilliCpu() > 0) {
            changed.setMilliCpu(asked.getMilliCpu()).setMilliCpuMax(asked.getMilliCpuMax());
        }
        if (asked.getMemoryMb() > 0) {
            changed.setMemoryMb(asked.getMemoryMb()).setMemoryMbMax(asked.getMemoryMbMax());
        }
        if (asked.hasGpuConfig()) {
            changed.setGpuConfig(asked.getGpuConfig());
        }
        if (asked.getEphemeralDiskMb() > 0) {
            changed.setEphemeralDiskMb(asked.getEphemeralDiskMb());
        }
        if (asked.getRdma()) {
            changed.setRdma(true);
        }
    }

    private static void autoscaler(FunctionOptions options, modal.client.Function.Builder changed) {
        var settings = changed.getAutoscalerSettingsBuilder();
        if (options.hasConcurrencyLimit()) {
            settings.setMaxContainers(options.getConcurrencyLimit());
        }
        if (options.hasWarmPoolSize()) {
            settings.setMinContainers(options.getWarmPoolSize());
        }
        if (options.hasBufferContainers()) {
            settings.setBufferContainers(options.getBufferContainers());
        }
        if (options.hasTaskIdleTimeoutSecs()) {
            settings.setScaledownWindow(options.getTaskIdleTimeoutSecs());
        }
    }

    /** Another maximum comes with a target of its own, or with none. */
    private static void concurrency(FunctionOptions options, modal.client.Function.Builder changed) {
        if (options.hasMaxConcurrentInputs()) {
            changed.setMaxConcurrentInputs(options.getMaxConcurrentInputs()).clearTargetConcurrentInputs();
        }
        if (options.hasTargetConcurrentInputs()) {
            changed.setTargetConcurrentInputs(options.getTargetConcurrentInputs());
        }
        if (options.hasBatchMaxSize()) {
            changed.setBatchMaxSize(options.getBatchMaxSize());
        }
        if (options.hasBatchLingerMs()) {
            changed.setBatchLingerMs(options.getBatchLingerMs());
        }
    }

    private static void objects(FunctionOptions options, modal.client.Function.Builder changed) {
        if (options.getReplaceSecretIds()) {
            changed.clearSecretIds();
        }
        changed.addAllSecretIds(options.getSecretIdsList()).addAllMountIds(options.getMountIdsList());
        var volumes = added(
                changed.getVolumeMountsList(),
                options.getVolumeMountsList(),
                options.getReplaceVolumeMounts(),
                modal.client.VolumeMount::getMountPath);
        changed.clearVolumeMounts().addAllVolumeMounts(volumes);
        var buckets = added(
                changed.getCloudBucketMountsList(),
                options.getCloudBucketMountsList(),
                options.getReplaceCloudBucketMounts(),
                modal.client.CloudBucketMount::getMountPath);
        changed.clearCloudBucketMounts().addAllCloudBucketMounts(buckets);
    }

    /** One mount for each path: the variant's own over its base's. */
    private static <M> List<M> added(List<M> base, List<M> own, boolean replaces, Function<M, String> path) {
        if (replaces) {
            return own;
        }
        var mounts = base.stream().collect(Collectors.toMap(path, m -> m, (a, b) -> b, LinkedHashMap::new));
        own.forEach(mount -> mounts.put(path.apply(mount), mount));
        return List.copyOf(mounts.values());
    }
}
