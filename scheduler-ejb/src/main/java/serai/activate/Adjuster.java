// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import serai.autoscale.Reconciliations;
import serai.config.AutoscaleConfig;
import serai.function.Adjustments;
import serai.function.AutoscalerSettings;
import serai.function.Function;
import serai.function.Functions;
import serai.pool.Pools;
import serai.problem.Problem;

/** Autoscaler settings that are changed while a function runs, for every edge. */
@ApplicationScoped
public class Adjuster {
    private final Functions functions;
    private final Adjustments adjustments;
    private final Pools pools;
    private final Reconciliations reconciliations;
    private final AutoscaleConfig settings;

    @Inject
    public Adjuster(
            Functions functions,
            Adjustments adjustments,
            Pools pools,
            Reconciliations reconciliations,
            AutoscaleConfig settings) {
        this.functions = functions;
        this.adjustments = adjustments;
        this.pools = pools;
        this.reconciliations = reconciliations;
        this.settings = settings;
    }

    public Adjuster() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /**
     * What is changed; null for what stays.
     *
     * @param maxContainers 0 for as many as the platform allows
     */
    public record Change(
            Integer minContainers, Integer maxContainers, Integer bufferContainers, Duration scaledownWindow) {
        private AutoscalerSettings of(AutoscalerSettings before, int most) {
            int max = orElse(maxContainers, before.maxContainers());
            return new AutoscalerSettings(
                    orElse(minContainers, before.minContainers()),
                    max == 0 ? most : Math.min(max, most),
                    orElse(bufferContainers, before.bufferContainers()),
                    scaledownWindow == null ? before.scaledownWindow() : scaledownWindow);
        }

        private static int orElse(Integer given, int otherwise) {
            return given == null ? otherwise : given;
        }
    }

    /**
     * Holds until the function is deployed again. Call it outside of transactions.
     *
     * @return what holds now
     * @throws serai.problem.ProblemException {@link Problem#INVALID_AUTOSCALER}, {@link Problem#FUNCTION_NOT_DEFINED}
     */
    public AutoscalerSettings adjust(Function function, Change change, Instant now) {
        mustBePublished(function);
        var after = adjustments.change(
                function,
                (adjusted, definition) -> change.of(
                        adjusted.orElseGet(
                                () -> functions.definition(definition).duties().autoscaler()),
                        settings.maxContainers()),
                now);
        pools.current(function).ifPresent(pool -> reconciliations.request(pool.id()));
        return after;
    }

    /** @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_DEFINED} */
    public AutoscalerSettings current(Function function) {
        mustBePublished(function);
        return adjusted(function)
                .orElseGet(() ->
                        functions.definition(function.definitionId()).duties().autoscaler());
    }

    private static void mustBePublished(Function function) {
        if (function.definitionId() == null) {
            throw Problem.FUNCTION_NOT_DEFINED.because("Function '%s' is not published yet", function.name());
        }
    }

    /** @return what was changed since its deployment, with what was not; empty if nothing was */
    public Optional<AutoscalerSettings> adjusted(Function function) {
        return adjustments.of(function.id(), function.definitionId());
    }
}
