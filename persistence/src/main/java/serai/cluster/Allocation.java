// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

import java.time.Instant;
import java.util.Optional;
import serai.pool.PoolId;

/**
 * One place in the cluster in which a pool's container runs, as the cluster reported it last.
 *
 * @param index the instance number within the pool, from 0; the highest is the one that a shrinking pool loses
 * @param node the node's name, empty until it is placed
 * @param state what the cluster says of it
 * @param reason in the cluster's words why it failed, stopped or was lost; empty while all is well
 * @param exitCode of the runner, once it has ended by itself
 * @param modifiedAt when the cluster last changed its mind
 */
public record Allocation(
        AllocationId id,
        PoolId pool,
        int index,
        String node,
        State state,
        String reason,
        Optional<Integer> exitCode,
        Instant modifiedAt) {

    /** {@code STOPPING} means that the cluster wants it to end; the last three are final. */
    public enum State {
        PENDING,
        RUNNING,
        STOPPING,
        COMPLETE,
        FAILED,
        LOST;

        public boolean isTerminal() {
            return this == COMPLETE || this == FAILED || this == LOST;
        }
    }
}
