// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import serai.function.RetryPolicy;
import serai.pool.PoolId;

/** What never changes about a container. */
record ContainerIdentity(
        String id, PoolId pool, String functionId, int ordinal, int concurrency, RetryPolicy retryPolicy) {}
