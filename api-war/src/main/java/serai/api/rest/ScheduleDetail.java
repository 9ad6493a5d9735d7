// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import java.util.List;

/**
 * A schedule with what it will do and what it did.
 *
 * @param next the coming slots, also those that a pause would miss; none after its end
 * @param last the last firings, newest first
 */
public record ScheduleDetail(ScheduleView schedule, List<Instant> next, List<FiringView> last) {}
