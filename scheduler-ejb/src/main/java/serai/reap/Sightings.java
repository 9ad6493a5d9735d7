// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * How long things have been as they are, by a clock that nobody sets. What the clocks of server and database say about them
 * is believed at the first look, when nothing else is known; after that, what was not there at the look before is younger
 * than that look, whatever they say.
 *
 * @param <K> a thing in one state: of a heartbeat, the container with its time
 */
final class Sightings<K> {
    private Map<K, Long> begun = Map.of();
    private Long before;

    /**
     * @param told everything that is there, with its age as it is told
     * @param nanos of {@link System#nanoTime}
     * @return the same with its age as it was seen
     */
    Map<K, Duration> look(Map<K, Duration> told, long nanos) {
        var next = new HashMap<K, Long>();
        var ages = new HashMap<K, Duration>();
        told.forEach((thing, age) -> {
            var known = begun.get(thing);
            long since = known == null ? nanos - atFirst(age, nanos) : known;
            next.put(thing, since);
            ages.put(thing, Duration.ofNanos(nanos - since));
        });
        begun = next;
        before = nanos;
        return ages;
    }

    private long atFirst(Duration told, long nanos) {
        long age = Math.max(0, told.toNanos());
        return before == null ? age : Math.min(age, nanos - before);
    }
}
