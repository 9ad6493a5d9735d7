// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import java.time.Instant;
import java.util.Optional;

/**
 * An allocation that is still wanted, as the reconciler sees it.
 *
 * @param index the number in its name
 * @param age rises with the time of creation
 * @param outdated it runs something else than the job now asks for
 * @param migrating somebody asked to have it replaced
 * @param followUpPlanned an evaluation for its replacement waits already
 */
public record Slot(
        String id, int index, long age, Phase phase, boolean outdated, boolean migrating, boolean followUpPlanned) {

    /** What has become of it. */
    public sealed interface Phase {}

    /** It runs or is on its way to. */
    public record Live() implements Phase {}

    /** A batch instance that has done its work: it keeps its slot. */
    public record Done() implements Phase {}

    /** @param retryAt when it may be replaced; empty for never */
    public record Failed(Optional<Instant> retryAt) implements Phase {}
}
