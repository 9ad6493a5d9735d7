// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.pool;

import java.time.Instant;

/**
 * What was decided about a pool's size, kept for people.
 *
 * @param from the total that was asked of the cluster before
 * @param to the total from then on; the same where the reason alone has changed
 */
public record ScalingDecision(PoolId pool, Instant at, int from, int to, String reason) {}
