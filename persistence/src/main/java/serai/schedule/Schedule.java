// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import java.time.Instant;
import java.util.Optional;

/**
 * The timetable by which a deployed function is called now. It keeps its id over deployments.
 *
 * @param since when the timetable took effect
 * @param nextAt the first slot that neither fired nor was skipped; null if there is none, and at the end
 * @param pausedAt of the last pause; null before the first
 * @param resumedAt end of the last pause; null while it lasts
 * @param endedAt null while the function is deployed with a timetable
 */
public record Schedule(
        String id,
        String workspaceId,
        String environmentId,
        String appId,
        String appName,
        String functionId,
        String functionName,
        String definitionId,
        Timetable timetable,
        Instant since,
        Instant nextAt,
        Instant pausedAt,
        Instant resumedAt,
        Instant endedAt,
        Instant createdAt) {

    public State state() {
        if (endedAt != null) {
            return State.ENDED;
        }
        return pausedAt != null && resumedAt == null ? State.PAUSED : State.ACTIVE;
    }

    /** @return the first slot after that time; empty for a schedule that has ended, and where none is left */
    public Optional<Instant> next(Instant after) {
        return endedAt == null ? timetable.next(after, since) : Optional.empty();
    }

    /** Whether it fires. */
    public enum State {
        ACTIVE,
        PAUSED,
        ENDED
    }
}
