// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.database.TestDatabase;
import serai.id.NewId;

class RateLimitsTest {
    private static final Rate THREE = new Rate(3, Duration.ofHours(1));

    private final RateLimits here = new RateLimits(TestDatabase.source());
    private final RateLimits there = new RateLimits(TestDatabase.source());
    private final String who = NewId.of("fu");

    @Test
    void givenTwoServers_whenBothTakeOfOneBucket_thenTheyShareWhatIsInIt() {
        assertThat(here.take(who, THREE).remaining()).isEqualTo(2);
        assertThat(there.take(who, THREE).remaining()).isEqualTo(1);
        assertThat(here.take(who, THREE).granted()).isTrue();
        var refused = there.take(who, THREE);
        assertThat(refused.granted()).isFalse();
        assertThat(refused.refill()).isBetween(Duration.ofMinutes(1), Duration.ofMinutes(20));
    }

    @Test
    void givenManyAtOnce_whenTheyTakeOfABucketThatIsNotThereYet_thenAsManyAreGrantedAsThereAreTokens()
            throws Exception {
        for (int round = 0; round < 5; round++) {
            var whose = NewId.of("fu");
            assertThat(granted(whose, 50)).isEqualTo(3);
        }
    }

    @Test
    void givenABucketThatWasForgotten_whenManyTake_thenItIsMadeAnew() throws Exception {
        assertThat(granted(who, 10)).isEqualTo(3);
        TestDatabase.jdbi().useHandle(handle -> handle.execute("delete from rate_bucket"));
        assertThat(granted(who, 50)).isEqualTo(3);
    }

    /** Of so many who ask both servers at the same moment. */
    private long granted(String whose, int many) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = IntStream.range(0, many)
                    .mapToObj(i -> threads.submit(
                            () -> (i % 2 == 0 ? here : there).take(whose, THREE).granted()))
                    .toList();
            long granted = 0;
            for (var answer : asked) {
                granted += answer.get() ? 1 : 0;
            }
            return granted;
        }
    }

    @Test
    void givenAnotherRate_whenTaken_thenItIsAnotherBucket() {
        IntStream.range(0, 3).forEach(i -> here.take(who, THREE));
        assertThat(here.take(who, new Rate(4, Duration.ofHours(1))).granted()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "100", "0/PT1S", "1/0", "1/PT0S", "1/P2D", "-1/PT1S", "1/minute"})
    void whatIsNoRateIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Rate.of(text));
    }

    @Test
    void aRateReadsAsItIsWritten() {
        assertThat(Rate.of("100/PT1M")).isEqualTo(new Rate(100, Duration.ofMinutes(1)));
    }
}
