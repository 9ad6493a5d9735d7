// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import jakarta.json.JsonNumber;
import jakarta.json.JsonString;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import modal.client.AutoscalerSettings;
import modal.client.FunctionRetryPolicy;
import modal.client.GPUConfig;
import modal.client.NetworkAccess;
import modal.client.NetworkAccess.NetworkAccessType;
import modal.client.Resources;
import modal.client.Schedule;
import modal.client.WebhookConfig;
import serai.api.rest.json.Fields;
import serai.problem.Problem;

/**
 * What one function is to be, in the client's own messages where it has some.
 *
 * @param gpus ranked, the best first; empty for none
 * @param environment variables, which become part of its image
 * @param secrets names of secrets; of two values for one variable the later one counts
 * @param web how it is called by HTTP, if it is
 * @param network what it may reach, if not everything
 */
record FunctionRequest(
        String name,
        Handler handler,
        Resources resources,
        List<GPUConfig> gpus,
        AutoscalerSettings autoscaler,
        Optional<Schedule> schedule,
        Optional<FunctionRetryPolicy> retries,
        int timeoutS,
        int startupTimeoutS,
        int concurrency,
        Map<String, String> environment,
        List<String> secrets,
        Optional<WebhookConfig> web,
        Optional<NetworkAccess> network) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern GPU = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}(?::[1-9]\\d?)?");

    private static final int DEFAULT_TIMEOUT_S = 300;
    private static final int DAY_S = 86_400;

    private static final int MAX_NAME = 64;
    private static final int MAX_HANDLER = 255;
    private static final int MAX_CONTAINERS = 10_000;
    private static final int MAX_CONCURRENCY = 1_000;
    private static final int MAX_RETRIES = 10;
    private static final int MAX_MEMORY_MB = 16 << 20;
    private static final int MAX_VARIABLES = 256;
    private static final int MAX_VARIABLE = 32 << 10;
    private static final int MAX_RANKS = 8;
    private static final int MAX_SECRETS = 64;
    private static final int MAX_NETWORKS = 100;
    private static final double MAX_CPU = 1_024;

    /** As in the client: below 2 s a container would end between two inputs. */
    private static final int MIN_WINDOW_S = 2;

    private static final int MAX_WINDOW_S = 3_600;

    static FunctionRequest read(Fields fields) {
        var timeout = fields.integer("timeout_s", 1, DAY_S).orElse(DEFAULT_TIMEOUT_S);
        var request = new FunctionRequest(
                fields.text("name", MAX_NAME, NAME, "letters, digits, \"_\", \"-\" and \".\"")
                        .orElseThrow(() -> fields.missing("name")),
                fields.text("handler", MAX_HANDLER, Handler.FORM, "module.function or module:function")
                        .map(Handler::of)
                        .orElseThrow(() -> fields.missing("handler")),
                fields.object("resources", FunctionRequest::resources).orElse(Resources.getDefaultInstance()),
                gpus(fields),
                fields.object("autoscaler", FunctionRequest::autoscaler)
                        .orElse(AutoscalerSettings.getDefaultInstance()),
                fields.object("schedule", FunctionRequest::schedule),
                retries(fields),
                timeout,
                fields.integer("startup_timeout_s", 1, DAY_S).orElse(timeout),
                fields.integer("concurrency", 1, MAX_CONCURRENCY).orElse(1),
                fields.texts("environment", MAX_VARIABLES, MAX_VARIABLE),
                fields.strings("secrets", MAX_SECRETS, "the name of a secret"),
                fields.object("web", WebRequest::read),
                fields.object("network", FunctionRequest::network));
        for (var variable : request.environment.keySet()) {
            if (!VARIABLE.matcher(variable).matches()) {
                throw fields.refused(
                        "environment", "\"%s\" is no name of a variable: letters, digits and \"_\" are", variable);
            }
        }
        return request;
    }

    private static Resources resources(Fields fields) {
        var resources = Resources.newBuilder();
        fields.number("cpu", 0.001, MAX_CPU).ifPresent(cpu -> resources.setMilliCpu((int) Math.round(cpu * 1000)));
        fields.number("cpu_max", 0.001, MAX_CPU).ifPresent(max -> {
            int milliCpuMax = (int) Math.round(max * 1000);
            if (milliCpuMax < resources.getMilliCpu()) {
                throw fields.refused("cpu_max", "%s is less than cpu", max);
            }
            resources.setMilliCpuMax(milliCpuMax);
        });
        fields.integer("memory_mb", 1, MAX_MEMORY_MB).ifPresent(resources::setMemoryMb);
        fields.integer("memory_max_mb", 1, MAX_MEMORY_MB).ifPresent(max -> {
            if (max < resources.getMemoryMb()) {
                throw fields.refused("memory_max_mb", "%d is less than memory_mb, %d", max, resources.getMemoryMb());
            }
            resources.setMemoryMbMax(max);
        });
        fields.integer("disk_mb", 1, MAX_MEMORY_MB).ifPresent(resources::setEphemeralDiskMb);
        return resources.build();
    }

    /** Either nothing, or the networks that are listed. */
    private static NetworkAccess network(Fields fields) {
        boolean isBlocked = fields.bool("block").orElse(false);
        var outbound = fields.value("outbound");
        if (isBlocked == outbound.isPresent()) {
            throw fields.refused(
                    "outbound", "either block, or outbound with the networks that it may reach, is needed");
        }
        return isBlocked
                ? NetworkAccess.newBuilder()
                        .setNetworkAccessType(NetworkAccessType.BLOCKED)
                        .build()
                : NetworkAccess.newBuilder()
                        .setNetworkAccessType(NetworkAccessType.ALLOWLIST)
                        .addAllAllowedCidrs(
                                fields.strings("outbound", MAX_NETWORKS, "a network such as \"10.0.0.0/8\""))
                        .build();
    }

    /** {@code "A100"}, {@code "A100-80GB:2"}, or a list of them: the first that can be had. */
    private static List<GPUConfig> gpus(Fields fields) {
        var value = fields.value("gpu");
        if (value.isEmpty()) {
            return List.of();
        }
        if (value.get() instanceof JsonString) {
            return List.of(gpu(fields, ((JsonString) value.get()).getString()));
        }
        var ranked = fields.array("gpu").orElseThrow();
        if (ranked.isEmpty() || ranked.size() > MAX_RANKS) {
            throw fields.refused("gpu", "%d entries: from 1 to %d are allowed", ranked.size(), MAX_RANKS);
        }
        return ranked.stream()
                .map(entry -> {
                    if (entry instanceof JsonString text) {
                        return gpu(fields, text.getString());
                    }
                    throw fields.refused("gpu", "%s: a string such as \"A100:2\" is needed", entry);
                })
                .toList();
    }

    private static GPUConfig gpu(Fields fields, String text) {
        if (!GPU.matcher(text).matches()) {
            throw fields.refused("gpu", "\"%s\": a type, and a count after a colon, are needed: A100:2", text);
        }
        var parts = text.split(":", 2);
        return GPUConfig.newBuilder()
                .setGpuType(parts[0].toUpperCase(java.util.Locale.ROOT))
                .setCount(parts.length == 1 ? 1 : Integer.parseInt(parts[1]))
                .build();
    }

    private static AutoscalerSettings autoscaler(Fields fields) {
        var settings = AutoscalerSettings.newBuilder();
        fields.integer("min_containers", 0, MAX_CONTAINERS).ifPresent(settings::setMinContainers);
        fields.integer("max_containers", 1, MAX_CONTAINERS).ifPresent(settings::setMaxContainers);
        fields.integer("buffer_containers", 0, MAX_CONTAINERS).ifPresent(settings::setBufferContainers);
        fields.integer("scaledown_window_s", MIN_WINDOW_S, MAX_WINDOW_S).ifPresent(settings::setScaledownWindow);
        if (settings.hasMaxContainers() && settings.getMinContainers() > settings.getMaxContainers()) {
            throw Problem.INVALID_AUTOSCALER.because(
                    "%s: %d is more than max_containers, %d",
                    fields.at("min_containers"), settings.getMinContainers(), settings.getMaxContainers());
        }
        return settings.build();
    }

    private static Schedule schedule(Fields fields) {
        var cron = fields.text("cron", 255);
        var timezone = fields.text("timezone", 64);
        var period = fields.object("period", FunctionRequest::period);
        if (cron.isPresent() == period.isPresent()) {
            throw fields.refused("cron", "either cron or period is needed");
        }
        if (timezone.isPresent() && cron.isEmpty()) {
            throw fields.refused("timezone", "only for cron");
        }
        return cron.map(text -> Schedule.newBuilder()
                        .setCron(Schedule.Cron.newBuilder().setCronString(text).setTimezone(timezone.orElse("UTC")))
                        .build())
                .orElseGet(() ->
                        Schedule.newBuilder().setPeriod(period.orElseThrow()).build());
    }

    private static Schedule.Period period(Fields fields) {
        var period = Schedule.Period.newBuilder();
        fields.integer("days", 0, MAX_CONTAINERS).ifPresent(period::setDays);
        fields.integer("hours", 0, MAX_CONTAINERS).ifPresent(period::setHours);
        fields.integer("minutes", 0, MAX_CONTAINERS).ifPresent(period::setMinutes);
        fields.number("seconds", 0, DAY_S).ifPresent(seconds -> period.setSeconds(seconds.floatValue()));
        if (period.build().equals(Schedule.Period.getDefaultInstance())) {
            throw fields.refused("days", "one of days, hours, minutes and seconds has to be more than 0");
        }
        return period.build();
    }

    /** A number means what it means to the client: one second between attempts. */
    private static Optional<FunctionRetryPolicy> retries(Fields fields) {
        var value = fields.value("retries");
        if (value.isPresent() && value.get() instanceof JsonNumber) {
            return fields.integer("retries", 0, MAX_RETRIES).map(FunctionRequest::everySecond);
        }
        return fields.object("retries", FunctionRequest::policy);
    }

    private static FunctionRetryPolicy everySecond(int retries) {
        return FunctionRetryPolicy.newBuilder()
                .setRetries(retries)
                .setInitialDelayMs(1_000)
                .setMaxDelayMs(60_000)
                .setBackoffCoefficient(1)
                .build();
    }

    private static FunctionRetryPolicy policy(Fields fields) {
        return FunctionRetryPolicy.newBuilder()
                .setRetries(
                        fields.integer("max_retries", 0, MAX_RETRIES).orElseThrow(() -> fields.missing("max_retries")))
                .setInitialDelayMs(
                        millis(fields.number("initial_delay_s", 0, 60).orElse(1.0)))
                .setMaxDelayMs(millis(fields.number("max_delay_s", 1, 60).orElse(60.0)))
                .setBackoffCoefficient(
                        fields.number("backoff_coefficient", 1, 10).orElse(2.0).floatValue())
                .build();
    }

    private static int millis(double seconds) {
        return (int) Math.round(seconds * 1000);
    }
}
