// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import serai.local.doc.Json;

/** When a failed instance may be placed again. */
public record Reschedule(
        int attempts, Duration interval, Duration delay, String function, Duration maxDelay, boolean unlimited) {

    public static Reschedule of(JsonNode policy) {
        return new Reschedule(
                (int) Json.number(policy, "Attempts"),
                Duration.ofNanos(Json.number(policy, "Interval")),
                Duration.ofNanos(Json.number(policy, "Delay")),
                Json.text(policy, "DelayFunction"),
                Duration.ofNanos(Json.number(policy, "MaxDelay")),
                Json.flag(policy, "Unlimited"));
    }

    public boolean enabled() {
        return unlimited || attempts > 0;
    }

    /** @param tracker the earlier tries of this instance, as the API shows them; may be missing */
    public Optional<Instant> retryAt(JsonNode tracker, Instant failedAt) {
        if (!enabled() || (!unlimited && triesWithin(tracker, failedAt) >= attempts)) {
            return Optional.empty();
        }
        return Optional.of(failedAt.plus(nextDelay(tracker, failedAt)));
    }

    private long triesWithin(JsonNode tracker, Instant failedAt) {
        return Json.each(tracker.path("Events"))
                .filter(event -> time(event).isAfter(failedAt.minus(interval)))
                .count();
    }

    /** Grows from try to try; once the instance has run for longer than the longest delay it starts again at the shortest. */
    Duration nextDelay(JsonNode tracker, Instant failedAt) {
        JsonNode events = tracker.path("Events");
        if (events.isEmpty() || function.equals("constant")) {
            return delay;
        }
        JsonNode last = events.get(events.size() - 1);
        Duration lastDelay = delay(last);
        boolean atMax = maxDelay.isPositive() && lastDelay.compareTo(maxDelay) >= 0;
        if (atMax && Duration.between(time(last), failedAt).compareTo(maxDelay) > 0) {
            return delay;
        }
        Duration next = function.equals("fibonacci") && events.size() > 1
                ? lastDelay.plus(delay(events.get(events.size() - 2)))
                : function.equals("fibonacci") ? lastDelay : lastDelay.multipliedBy(2);
        return maxDelay.isPositive() && next.compareTo(maxDelay) > 0 ? maxDelay : next;
    }

    /** The tracker of the allocation that takes the place of a failed one. */
    public ObjectNode nextTracker(
            JsonNode tracker, String failedAllocation, String node, Instant failedAt, Instant now) {
        ArrayNode events = Json.array();
        JsonNode before = tracker.path("Events");
        int kept = 5; // as many as Nomad keeps under an unlimited policy
        for (int i = unlimited ? Math.max(0, before.size() - kept + 1) : 0; i < before.size(); i++) {
            events.add(before.get(i));
        }
        events.add(Json.object(
                "Delay",
                nextDelay(tracker, failedAt).toNanos(),
                "PrevAllocID",
                failedAllocation,
                "PrevNodeID",
                node,
                "RescheduleTime",
                nanos(now)));
        return Json.object("Events", events, "LastReschedule", "ok");
    }

    private static Duration delay(JsonNode event) {
        return Duration.ofNanos(Json.number(event, "Delay"));
    }

    private static Instant time(JsonNode event) {
        return Instant.ofEpochSecond(0, Json.number(event, "RescheduleTime"));
    }

    private static long nanos(Instant instant) {
        return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
    }
}
