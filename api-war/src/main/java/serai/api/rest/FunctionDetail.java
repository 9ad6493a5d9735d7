// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import serai.call.Inputs;
import serai.device.Gpu;
import serai.function.Definition;
import serai.function.Function;
import serai.pool.Pool;
import serai.protocol.Messages;

/**
 * A function with what it asks for and what it has. Durations are ISO 8601.
 *
 * @param base of a variant: the function that it is bound from; null for others
 * @param parameters of a variant: what its class is constructed with; null for others
 * @param runs null until its app is published
 * @param urls under which it is called by HTTP: its methods' by their names, its own by the empty one; empty where it is not
 * @param pool null while nothing was asked of the cluster for it, and after its app was stopped
 */
public record FunctionDetail(
        String id,
        String name,
        String app,
        String environment,
        String definition,
        String base,
        Map<String, Object> parameters,
        Runs runs,
        Map<String, String> urls,
        PoolView pool) {

    /** One without a definition. */
    static FunctionDetail of(Function function, String environment) {
        return new FunctionDetail(
                function.id(),
                function.name(),
                function.appId(),
                environment,
                null,
                function.baseId().orElse(null),
                null,
                null,
                Map.of(),
                null);
    }

    static FunctionDetail of(Function function, String environment, Definition definition, PoolView pool) {
        return new FunctionDetail(
                function.id(),
                function.name(),
                function.appId(),
                environment,
                function.definitionId(),
                function.baseId().orElse(null),
                function.baseId().isPresent() ? VariantView.parameters(function, definition) : null,
                Runs.of(definition.duties()),
                urls(Messages.parseFunction(definition.wire().content())),
                pool);
    }

    private static Map<String, String> urls(modal.client.Function definition) {
        var urls = new TreeMap<String, String>();
        urls.put("", definition.getWebUrl());
        definition.getMethodDefinitionsMap().forEach((method, its) -> urls.put(method, its.getWebUrl()));
        urls.values().removeIf(String::isEmpty);
        return urls;
    }

    /**
     * What its definition asks for.
     *
     * @param gpus in order of preference, as {@code H100:2}; empty for none
     */
    public record Runs(
            int minContainers,
            int maxContainers,
            int bufferContainers,
            Duration scaledownWindow,
            int concurrency,
            int retries,
            Duration timeout,
            Duration startupTimeout,
            int milliCpu,
            int memoryMb,
            List<String> gpus,
            String image,
            String clientVersion) {

        static Runs of(Definition.Duties duties) {
            return new Runs(
                    duties.autoscaler().minContainers(),
                    duties.autoscaler().maxContainers(),
                    duties.autoscaler().bufferContainers(),
                    duties.autoscaler().scaledownWindow(),
                    duties.concurrency(),
                    duties.retryPolicy().retries(),
                    duties.timeout(),
                    duties.startupTimeout(),
                    duties.resources().milliCpu(),
                    duties.resources().memoryMb(),
                    duties.gpus().stream().map(Gpu::text).toList(),
                    duties.imageId(),
                    duties.clientVersion());
        }
    }

    /**
     * How many containers there are for it, and why.
     *
     * @param size how many were asked of the cluster
     * @param containers how many are there
     * @param reason why it has its size
     * @param reasonAt since when that is the reason
     * @param page where people look at its job in the cluster's own interface; null where that has none
     */
    public record PoolView(
            String id,
            Pool.State state,
            int size,
            int containers,
            int pendingInputs,
            int runningInputs,
            int failedStarts,
            String reason,
            Instant reasonAt,
            String page) {

        static PoolView of(Pool pool, int containers, Inputs.Load load, Optional<URI> page) {
            return new PoolView(
                    pool.id().value(),
                    pool.state(),
                    pool.size(),
                    containers,
                    load.pending(),
                    load.running(),
                    pool.failures(),
                    pool.reason(),
                    pool.reasonAt(),
                    page.map(URI::toString).orElse(null));
        }
    }
}
