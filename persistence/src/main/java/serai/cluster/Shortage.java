// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

import java.time.Instant;

/**
 * Why some of a pool's containers have no place.
 *
 * @param missing how many wait for one
 * @param reason in words that an operator can act on, say {@code memory exhausted on 1 of 1 nodes}
 */
public record Shortage(int missing, String reason, Instant since) {}
