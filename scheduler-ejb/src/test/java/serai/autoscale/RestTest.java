// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RestTest {
    private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");

    private final Rest rest = new Rest(42);

    @Test
    void givenNoFailure_thenThereIsNoPause() {
        assertThat(rest.isOn(NOON)).isFalse();
    }

    @Test
    void givenFailuresInARow_thenEachPauseMayBeTwiceAsLong_upToALimit() {
        for (int seconds : new int[] {1, 2, 4, 8, 10, 10}) {
            rest.longer(NOON);
            var whole = Duration.ofSeconds(seconds);
            assertThat(pause(rest)).isBetween(whole.dividedBy(2), whole);
        }
    }

    @Test
    void givenPoolsThatFailTogether_thenTheyComeBackOneAfterTheOther() {
        var pauses = IntStream.range(0, 100)
                .mapToObj(pool -> {
                    var one = new Rest(("po-" + pool).hashCode());
                    IntStream.range(0, 5).forEach(i -> one.longer(NOON));
                    return pause(one).toMillis() / 500; // of those that come within half a second of each other
                })
                .toList();
        assertThat(pauses.stream().distinct().count()).isGreaterThanOrEqualTo(9);
        assertThat(pauses)
                .allSatisfy(p -> assertThat(pauses.stream().filter(p::equals)).hasSizeLessThan(25));
    }

    @Test
    void givenAnAnswer_thenThePauseIsOver_andTheNextIsShortAgain() {
        rest.longer(NOON);
        rest.longer(NOON);
        rest.over();
        assertThat(rest.isOn(NOON)).isFalse();
        rest.longer(NOON);
        assertThat(pause(rest)).isLessThanOrEqualTo(Rest.FIRST);
    }

    @Test
    void givenAClockThatIsSetBack_thenThePauseIsNotLonger() {
        rest.longer(NOON);
        assertThat(rest.isOn(NOON.minus(Duration.ofHours(1)))).isFalse();
    }

    private static Duration pause(Rest rest) {
        var now = NOON;
        while (rest.isOn(now)) {
            now = now.plusMillis(50);
        }
        return Duration.between(NOON, now.minusMillis(50));
    }
}
