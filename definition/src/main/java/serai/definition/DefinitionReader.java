// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.time.Duration;
import java.util.List;
import modal.client.ClassParameterInfo.ParameterSerializationFormat;
import modal.client.Function;
import modal.client.FunctionData;
import modal.client.FunctionRetryPolicy;
import serai.config.AutoscaleConfig;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.device.DeviceNames;
import serai.function.AutoscalerSettings;
import serai.function.Definition;
import serai.function.Resources;
import serai.function.RetryPolicy;
import serai.problem.Problem;
import serai.web.Networks;

/** Reads what the platform has to do for a function out of the client's definition, and refuses by name what it cannot. */
record DefinitionReader(AutoscaleConfig defaults, DeviceNames devices, RunnerConfig runner, ImageConfig images) {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(300);
    private static final int DEFAULT_MILLI_CPU = 125;
    private static final int DEFAULT_MEMORY_MB = 128;
    private static final int DEFAULT_DISK_MB = 512;

    /** One container, which ends by itself after its input, and is not to be stopped while its files are kept. */
    private static final AutoscalerSettings BUILDER = new AutoscalerSettings(0, 1, 0, Duration.ofDays(1));

    /** What a runner's filter has room for. */
    private static final int MOST_NETWORKS = 100;

    /** @param data with the function once for each alternative GPU, if there are any */
    Definition.Duties read(Function function, FunctionData data, String clientVersion) {
        mustBeEmpty(MissingFeatures.of(function), function);
        return duties(function, data, clientVersion);
    }

    /**
     * @param variant the base with options, which are refused for what they ask for, not for what the base does
     * @param data as for {@link #read}, of the variant
     */
    Definition.Duties readVariant(Function base, Function variant, FunctionData data, String clientVersion) {
        mustBeEmpty(MissingFeatures.beyond(base, variant), variant);
        return duties(variant, data, clientVersion);
    }

    private static void mustBeEmpty(List<String> missing, Function function) {
        if (!missing.isEmpty()) {
            throw Problem.FEATURE_UNSUPPORTED.because(
                    "Function '%s' uses what is not available in this version of Serai: %s",
                    function.getFunctionName(), String.join("; ", missing));
        }
    }

    private Definition.Duties duties(Function function, FunctionData data, String clientVersion) {
        checkOutbound(function);
        checkEngine(function);
        checkPort(function);
        var timeout = function.getTimeoutSecs() > 0 ? Duration.ofSeconds(function.getTimeoutSecs()) : DEFAULT_TIMEOUT;
        return new Definition.Duties(
                autoscaler(function),
                retryPolicy(function.getRetryPolicy()),
                resources(function.getResources()),
                Concurrency.of(function),
                timeout,
                function.getStartupTimeoutSecs() > 0 ? Duration.ofSeconds(function.getStartupTimeoutSecs()) : timeout,
                function.getImageId().isEmpty() ? null : function.getImageId(),
                function.getMountIdsList(),
                clientVersion,
                new GpuReader(devices).read(function, FunctionWire.ranked(data)),
                function.getSecretIdsList(),
                isTemplate(function),
                isSingleUse(function),
                function.getIsServer());
    }

    private static void checkOutbound(Function function) {
        var networks = function.getNetworkAccess().getAllowedCidrsList();
        if (networks.size() > MOST_NETWORKS) {
            throw Problem.INVALID_ARGUMENT.because(
                    "Function '%s' may reach %d networks: at most %d can be listed",
                    function.getFunctionName(), networks.size(), MOST_NETWORKS);
        }
        try {
            Networks.of(networks);
        } catch (IllegalArgumentException e) {
            throw Problem.INVALID_ARGUMENT.because(
                    "Function '%s' may reach what is no network: %s", function.getFunctionName(), e.getMessage());
        }
    }

    /** What writes a layer is in a sandbox of ours, whatever runs containers. */
    private void checkEngine(Function function) {
        if (function.getIsBuilderFunction() || !isCutOff(function)) {
            return;
        }
        images.engine().ifPresent(engine -> {
            throw Problem.FEATURE_UNSUPPORTED.because(
                    "Function '%s' asks for block_network or a list of networks, which do not hold where containers are those of"
                            + " the cluster's engine (serai.image.driver=%s): leave it out, or unset that driver to have it",
                    function.getFunctionName(), engine.driver());
        });
    }

    private static boolean isCutOff(Function function) {
        return function.getBlockNetwork()
                || switch (function.getNetworkAccess().getNetworkAccessType()) {
                    case UNSPECIFIED, OPEN, UNRECOGNIZED -> false;
                    case BLOCKED, ALLOWLIST -> true;
                };
    }

    private void checkPort(Function function) {
        int port = function.getIsServer()
                ? function.getHttpConfig().getPort()
                : function.getWebhookConfig().getWebServerPort();
        if (function.getIsServer() && (port < 1 || port > 65_535 || port == RunnerConfig.RUNNERS_PORT)) {
            throw Problem.INVALID_ARGUMENT.because(
                    "Server '%s' listens on port %s: from 1 to 65535 are allowed, but for %d, which is the platform's",
                    function.getFunctionName(), Integer.toUnsignedString(port), RunnerConfig.RUNNERS_PORT);
        }
        if (runner.nodePorts().contains(port)) {
            throw Problem.INVALID_ARGUMENT.because(
                    "Function '%s' listens on port %d, which leads to a helper of the node in every container: take another one",
                    function.getFunctionName(), port);
        }
    }

    /** A class with declared parameters is only ever called with values for them, be they the defaults. */
    private static boolean isTemplate(Function function) {
        return function.getIsClass()
                && function.getClassParameterInfo().getFormat()
                        == ParameterSerializationFormat.PARAM_SERIALIZATION_FORMAT_PROTO;
    }

    private AutoscalerSettings autoscaler(Function function) {
        if (function.getIsBuilderFunction()) {
            return BUILDER;
        }
        var asked = function.getAutoscalerSettings();
        int max = asked.hasMaxContainers() && asked.getMaxContainers() > 0
                ? asked.getMaxContainers()
                : defaults.maxContainers();
        var window = asked.hasScaledownWindow()
                ? Duration.ofSeconds(asked.getScaledownWindow())
                : defaults.scaledownWindow();
        return new AutoscalerSettings(
                asked.getMinContainers(), Math.min(max, defaults.maxContainers()), asked.getBufferContainers(), window);
    }

    private static boolean isSingleUse(Function function) {
        return function.getSingleUseContainers() || function.getMaxInputs() == 1 || function.getIsBuilderFunction();
    }

    private static RetryPolicy retryPolicy(FunctionRetryPolicy asked) {
        if (asked.getRetries() == 0) {
            return RetryPolicy.NONE;
        }
        return new RetryPolicy(
                asked.getRetries(),
                Duration.ofMillis(asked.getInitialDelayMs()),
                Duration.ofMillis(Math.max(asked.getMaxDelayMs(), asked.getInitialDelayMs())),
                Math.max(1.0, asked.getBackoffCoefficient()));
    }

    private static Resources resources(modal.client.Resources asked) {
        int milliCpu = orDefault(asked.getMilliCpu(), DEFAULT_MILLI_CPU);
        if (asked.getMilliCpuMax() != 0 && asked.getMilliCpuMax() < milliCpu) {
            throw Problem.INVALID_ARGUMENT.because(
                    "cpu limit %d is below the request of %d, in thousandths of a core",
                    asked.getMilliCpuMax(), milliCpu);
        }
        return new Resources(
                milliCpu,
                orDefault(asked.getMemoryMb(), DEFAULT_MEMORY_MB),
                asked.getMemoryMbMax(),
                orDefault(asked.getEphemeralDiskMb(), DEFAULT_DISK_MB));
    }

    private static int orDefault(int value, int standard) {
        return value > 0 ? value : standard;
    }
}
