// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import java.time.Instant;

/**
 * An input and what became of it so far.
 *
 * @param containerId that has it or had it last; null before the first and between two
 * @param attempt how often it was taken by a container
 * @param retries attempts that failed by the function's own doing and were followed by another
 * @param losses attempts that ended with their container
 * @param availableAt before which nobody takes it: a retry waits
 * @param claimedAt of the last attempt; null before the first
 * @param finishedAt null while it is not
 */
public record InputProgress(
        String id,
        State state,
        String poolId,
        String containerId,
        int attempt,
        int retries,
        int losses,
        Instant availableAt,
        Instant createdAt,
        Instant claimedAt,
        Instant finishedAt) {

    /** As the queue has it. */
    public enum State {
        PENDING,
        RUNNING,
        SUCCEEDED,
        FAILED,
        CANCELLED
    }
}
