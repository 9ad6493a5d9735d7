// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.pool;

import java.time.Instant;

/**
 * Containers of a pool that were asked for and find no place.
 *
 * @param containers how many, at least 1
 * @param reason in words for whoever waits, say {@code 1 × H100: no free device matches on 1 of 1 nodes}
 * @param since when the cluster was first seen to have no place
 */
public record Unplaced(int containers, String reason, Instant since) {}
