// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import serai.schedule.Firing;

/**
 * What became of one slot.
 *
 * @param slot when it was due; for a firing by hand, when it was asked for
 * @param firedAt when it was fired or skipped
 * @param late whether it stands for slots that were missed
 * @param call null for a slot that was skipped; calls are forgotten earlier than firings
 */
public record FiringView(
        Instant slot, Instant firedAt, boolean late, Firing.Outcome outcome, String call, String reason) {

    static FiringView of(Firing firing) {
        return new FiringView(
                firing.slot(), firing.firedAt(), firing.late(), firing.outcome(), firing.callId(), firing.reason());
    }
}
