// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.call;

import jakarta.json.JsonValue;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import serai.call.CallProgress;
import serai.call.InputProgress;

/**
 * One call.
 *
 * @param kind {@code unary} or {@code map}; only a unary one has a result here
 * @param inputs how many were given so far
 * @param outputs how many have a result
 * @param startedAt of the last attempt; null before the first
 * @param attempts how often a container took it
 * @param retries attempts that failed and were followed by another, as the function's definition asks for
 * @param losses attempts that ended with their container; they do not count as retries
 * @param container that has it or had it last
 * @param result null while there is none, and where there is none; None is null, too
 * @param resultReference in place of a result that JSON cannot show
 * @param error null unless it failed or was cancelled
 */
public record CallDetail(
        String id,
        String app,
        String function,
        String kind,
        CallProgress.State state,
        int inputs,
        int outputs,
        Instant createdAt,
        Instant startedAt,
        Instant finishedAt,
        Integer attempts,
        Integer retries,
        Integer losses,
        String container,
        JsonValue result,
        Result.Reference resultReference,
        Failure error) {

    static CallDetail of(CallProgress progress, Optional<InputProgress> input, Optional<Result> result) {
        var call = progress.call();
        return new CallDetail(
                call.id(),
                call.appId(),
                call.functionId(),
                call.kind().name().toLowerCase(Locale.ROOT),
                progress.state(),
                call.inputs(),
                call.outputs(),
                call.createdAt(),
                input.map(InputProgress::claimedAt).orElse(null),
                input.map(InputProgress::finishedAt).orElse(null),
                input.map(InputProgress::attempt).orElse(null),
                input.map(InputProgress::retries).orElse(null),
                input.map(InputProgress::losses).orElse(null),
                input.map(InputProgress::containerId).orElse(null),
                result.flatMap(Result::shown).orElse(null),
                result.map(r -> r instanceof Result.Elsewhere(var reference) ? reference : null)
                        .orElse(null),
                result.map(r -> r instanceof Result.Failed(var failure) ? failure : null)
                        .orElse(null));
    }
}
