// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import serai.local.doc.Json;

class RescheduleTest {
    private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");

    private static Reschedule policy(String function, int attempts, boolean unlimited) {
        return new Reschedule(
                attempts, Duration.ofMinutes(10), Duration.ofSeconds(5), function, Duration.ofSeconds(60), unlimited);
    }

    /** The delays of an instance that fails again and again at once. */
    private static List<Long> delays(Reschedule policy, int failures) {
        List<Long> delays = new ArrayList<>();
        ObjectNode tracker = Json.object();
        Instant now = NOON;
        for (int i = 0; i < failures; i++) {
            var at = policy.retryAt(tracker, now);
            if (at.isEmpty()) {
                break;
            }
            delays.add(Duration.between(now, at.get()).toSeconds());
            tracker = policy.nextTracker(tracker, "a" + i, "n", now, at.get());
            now = at.get();
        }
        return delays;
    }

    @Test
    void givenAFunction_whenAnInstanceFailsAgainAndAgain_thenTheDelayGrowsByIt() {
        assertThat(delays(policy("constant", 0, true), 4)).containsExactly(5L, 5L, 5L, 5L);
        assertThat(delays(policy("exponential", 0, true), 6)).containsExactly(5L, 10L, 20L, 40L, 60L, 60L);
        assertThat(delays(policy("fibonacci", 0, true), 7)).containsExactly(5L, 5L, 10L, 15L, 25L, 40L, 60L);
    }

    @Test
    void givenALimit_whenItIsReachedWithinTheInterval_thenThereIsNoFurtherTry() {
        assertThat(delays(policy("constant", 3, false), 10)).hasSize(3);
        assertThat(delays(policy("constant", 0, false), 10)).isEmpty();
    }

    @Test
    void givenTheLongestDelay_whenTheInstanceRanForLongerThanThat_thenTheDelayIsShortAgain() {
        ObjectNode tracker = Json.object(
                "Events",
                List.of(Json.object(
                        "Delay",
                        Duration.ofSeconds(60).toNanos(),
                        "RescheduleTime",
                        NOON.getEpochSecond() * 1_000_000_000L)));
        Reschedule policy = policy("exponential", 0, true);
        assertThat(policy.nextDelay(tracker, NOON.plusSeconds(10))).hasSeconds(60);
        assertThat(policy.nextDelay(tracker, NOON.plusSeconds(61))).hasSeconds(5);
    }
}
