// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import java.util.Locale;
import serai.call.CallProgress;

/**
 * A call.
 *
 * @param kind {@code unary} or {@code map}
 * @param inputs how many were given so far
 * @param outputs how many have a result
 */
public record CallView(
        String id,
        String app,
        String function,
        String kind,
        CallProgress.State state,
        int inputs,
        int outputs,
        Instant createdAt) {

    static CallView of(CallProgress progress) {
        var call = progress.call();
        return new CallView(
                call.id(),
                call.appId(),
                call.functionId(),
                call.kind().name().toLowerCase(Locale.ROOT),
                progress.state(),
                call.inputs(),
                call.outputs(),
                call.createdAt());
    }
}
