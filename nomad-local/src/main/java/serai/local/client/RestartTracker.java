// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.random.RandomGenerator;
import serai.local.doc.GoDuration;
import serai.local.doc.Json;

/** Whether and when a task that ended is started again in its place. Counts; used by one thread. */
final class RestartTracker {
    static final String WITHIN_POLICY = "Restart within policy";
    private static final double JITTER = 0.25;

    /** The answer. */
    sealed interface Verdict {}

    record Restart(Duration delay, String reason) implements Verdict {}

    record GiveUp(String reason) implements Verdict {}

    private final int attempts;
    private final Duration interval;
    private final Duration delay;
    private final boolean delayMode;
    private final RandomGenerator random;
    private boolean begun;
    private long windowStart;
    private int used;

    RestartTracker(JsonNode policy, RandomGenerator random) {
        attempts = (int) Json.number(policy, "Attempts");
        interval = Duration.ofNanos(Json.number(policy, "Interval"));
        delay = Duration.ofNanos(Json.number(policy, "Delay"));
        delayMode = Json.text(policy, "Mode").equals("delay");
        this.random = random;
    }

    /** @param now in nanoseconds, of a clock that nobody sets */
    Verdict next(long now) {
        if (attempts == 0) {
            return new GiveUp("Policy allows no restarts");
        }
        if (!begun || now - windowStart > interval.toNanos()) {
            begun = true;
            windowStart = now;
            used = 0;
        }
        used++;
        if (used <= attempts) {
            return new Restart(jittered(delay), WITHIN_POLICY);
        }
        if (!delayMode) {
            return new GiveUp("Exceeded allowed attempts %d in interval %s and mode is \"fail\""
                    .formatted(attempts, GoDuration.of(interval)));
        }
        Duration rest = interval.minusNanos(now - windowStart);
        return new Restart(rest.plus(jittered(delay).minus(delay)), "Exceeded allowed attempts, applying a delay");
    }

    private Duration jittered(Duration base) {
        return base.plusNanos((long) (base.toNanos() * JITTER * random.nextDouble()));
    }
}
