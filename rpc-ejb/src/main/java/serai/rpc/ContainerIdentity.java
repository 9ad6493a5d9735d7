// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import serai.function.RetryPolicy;
import serai.pool.PoolId;

/**
 * What never changes about a container.
 *
 * @param queue the pool whose inputs it works on
 * @param singleUse whether it ends after its first input
 * @param turn whoever has the lowest is given work first: by rank, then by ordinal
 */
record ContainerIdentity(
        String id,
        PoolId pool,
        PoolId queue,
        String functionId,
        int turn,
        boolean singleUse,
        RetryPolicy retryPolicy) {}
