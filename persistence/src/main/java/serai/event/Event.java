// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.event;

import java.time.Instant;

/**
 * Something that happened to a pool.
 *
 * @param id grows with time
 * @param containerId null for what is about the whole pool
 * @param reason for people
 */
public record Event(long id, Instant at, Kind kind, String poolId, String containerId, String reason) {
    /** What happened. */
    public enum Kind {
        /** Another number of containers was asked of the cluster. */
        SCALED,
        /** The cluster has no place for some of them. */
        UNPLACED,
        /** All have their place. */
        PLACED,
        /** What was decided could not be done, or another reason holds for the same number. */
        EXPLAINED,
        /** A container was let in. */
        ADMITTED,
        /** A start failed. */
        START_FAILED,
        /** Starts failed too often: what waited has failed. */
        GAVE_UP,
        /** A container has ended, or is taken for ended. */
        ENDED
    }
}
