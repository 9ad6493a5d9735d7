// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What has to happen to a group so that it is as wished. */
public record Changes(List<Stop> stops, List<Place> places, List<Later> later, int ignored) {

    public record Stop(String allocation, Reason reason) {}

    /**
     * A new instance.
     *
     * @param replaces the allocation whose slot it takes
     * @param rescheduled it is another try after a failure
     */
    public record Place(int index, Optional<String> replaces, boolean rescheduled) {}

    /** A failed instance whose next try has to wait. */
    public record Later(String allocation, Instant at) {}

    /** Why an instance is stopped, in Nomad's words. */
    public enum Reason {
        NOT_NEEDED("alloc not needed due to job update"),
        UPDATED("alloc is being updated due to job update"),
        MIGRATED("alloc is being migrated"),
        LOST("alloc is lost since its node is down"),
        RESCHEDULED("alloc was rescheduled because it failed");

        public final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    public int count(Reason reason) {
        return (int) stops.stream().filter(s -> s.reason() == reason).count();
    }
}
