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
     * @param from of {@link System#nanoTime}, before it was read
     * @param to the same, after it was read: long after, if the server stood still meanwhile
     * @return the same with the age that it was seen to have at least
     */
    Map<K, Duration> look(Map<K, Duration> told, long from, long to) {
        var next = new HashMap<K, Long>();
        var ages = new HashMap<K, Duration>();
        told.forEach((thing, age) -> {
            var known = begun.get(thing);
            long since = known == null ? to - atFirst(age, to) : known;
            next.put(thing, since);
            ages.put(thing, Duration.ofNanos(Math.max(0, from - since)));
        });
        begun = next;
        before = from;
        return ages;
    }

    /** The next look is the first one again. */
    void forget() {
        begun = Map.of();
        before = null;
    }

    private long atFirst(Duration told, long to) {
        long age = Math.max(0, told.toNanos());
        return before == null ? age : Math.min(age, to - before);
    }
}
