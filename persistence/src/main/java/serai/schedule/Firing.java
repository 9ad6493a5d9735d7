// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Instant;

/**
 * What became of one slot.
 *
 * @param slot when it was due; for a firing by hand, when it was asked for
 * @param firedAt when it was decided
 * @param late whether it stands for slots that were missed
 * @param callId null for a slot that was skipped; the call may be forgotten already
 * @param reason empty for what fired in time
 */
public record Firing(
        String scheduleId, Instant slot, Instant firedAt, boolean late, Outcome outcome, String callId, String reason) {

    /** Whether there is a call for the slot. */
    public enum Outcome {
        FIRED,
        SKIPPED
    }
}
