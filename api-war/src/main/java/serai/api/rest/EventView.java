// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import java.time.Instant;
import serai.event.Event;

/**
 * A decision on a pool of containers, or what became of one of them.
 *
 * @param container null for what is about the whole pool
 * @param reason for people
 */
public record EventView(Instant at, Event.Kind kind, String pool, String container, String reason) {
    static EventView of(Event event) {
        return new EventView(event.at(), event.kind(), event.poolId(), event.containerId(), event.reason());
    }
}
