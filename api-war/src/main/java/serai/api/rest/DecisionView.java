// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import serai.pool.ScalingDecision;

/**
 * How a pool of a function came to its size.
 *
 * @param from containers that were asked for before
 * @param to containers that are asked for from then on; the same where the reason alone has changed
 */
public record DecisionView(Instant at, String pool, int from, int to, String reason) {

    static DecisionView of(ScalingDecision decision) {
        return new DecisionView(
                decision.at(), decision.pool().value(), decision.from(), decision.to(), decision.reason());
    }
}
