// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class DueTest {
    static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    static final Timetable EACH_SECOND = Every.of(0, 0, 0, 0, 0, 0, 1);
    static final Timetable EACH_MINUTE = Cron.of("* * * * *", "UTC");

    private static Instant at(int seconds) {
        return NOON.plusSeconds(seconds);
    }

    @Test
    void givenSlotsInTime_thenAllFire() {
        var due = Due.at(EACH_SECOND, NOON, at(1), at(0), at(3));
        assertThat(due.fire()).containsExactly(at(1), at(2), at(3));
        assertThat(due.late()).isFalse();
        assertThat(due.skip()).isEmpty();
        assertThat(due.next()).contains(at(4));
    }

    @Test
    void givenAMissedSlot_thenTheNewestFiresLateAndTheOthersAreSkipped() {
        var due = Due.at(EACH_MINUTE, NOON, at(60), at(190), at(200));
        assertThat(due.fire()).containsExactly(at(180));
        assertThat(due.late()).isTrue();
        assertThat(due.skip()).containsExactly(at(60), at(120));
        assertThat(due.left()).isFalse();
        assertThat(due.next()).contains(at(240));
    }

    @Test
    void givenOneMissedSlot_thenItFiresLate() {
        var due = Due.at(EACH_MINUTE, NOON, at(60), at(65), at(70));
        assertThat(due.fire()).containsExactly(at(60));
        assertThat(due.late()).isTrue();
        assertThat(due.skip()).isEmpty();
    }

    @Test
    void givenNothingDue_thenNothing() {
        var due = Due.at(EACH_MINUTE, NOON, at(60), at(20), at(30));
        assertThat(due).isEqualTo(new Due(java.util.List.of(), false, java.util.List.of(), false, due.next()));
        assertThat(due.next()).contains(at(60));
    }

    @Test
    void givenAYearOfSeconds_thenTheNewestAreListedAndTheRestIsOnlyMentioned() {
        var now = NOON.plus(Duration.ofDays(365));
        var due = Due.at(EACH_SECOND, NOON, at(1), now.minusSeconds(10), now);
        assertThat(due.fire()).containsExactly(now);
        assertThat(due.skip())
                .hasSize(Due.MOST_SKIPPED)
                .endsWith(now.minusSeconds(1))
                .startsWith(now.minusSeconds(1_000));
        assertThat(due.left()).isTrue();
        assertThat(due.next()).contains(now.plusSeconds(1));
    }

    @Property(tries = 200)
    void whateverWasMissed_everySlotIsFiredOrSkippedOnce(@ForAll @LongRange(max = 50_000) long minutes) {
        var now = NOON.plus(Duration.ofMinutes(minutes)).plusSeconds(30);
        var due = Due.at(EACH_MINUTE, NOON, at(60), now.minusSeconds(10), now);
        assertThat(due.next()).contains(NOON.plus(Duration.ofMinutes(minutes + 1)));
        if (minutes > 0) {
            assertThat(due.fire()).containsExactly(NOON.plus(Duration.ofMinutes(minutes)));
            assertThat(due.skip())
                    .hasSize((int) Math.min(minutes - 1, Due.MOST_SKIPPED))
                    .doesNotHaveDuplicates();
            assertThat(due.left()).isEqualTo(minutes - 1 > Due.MOST_SKIPPED);
        }
    }
}
