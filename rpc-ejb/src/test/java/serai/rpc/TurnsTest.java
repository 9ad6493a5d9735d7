// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TurnsTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private static Thread inTurn(Turns turns, Turns.Wait work) {
        return Thread.ofVirtual().start(turns.inTurn(() -> {
            try {
                work.end();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }));
    }

    @Test
    void givenMoreWorkThanTurns_whenItIsDone_thenNoMoreIsUnderWayThanThereAreTurns() throws Exception {
        var turns = new Turns(2, LONG);
        var begun = new Semaphore(0);
        var goOn = new Semaphore(0);
        var threads = Stream.generate(() -> inTurn(turns, () -> {
                    begun.release();
                    goOn.acquire();
                }))
                .limit(10)
                .toList();
        for (int done = 0; done < 10; done += 2) {
            begun.acquire(2);
            assertThat(begun.tryAcquire(20, TimeUnit.MILLISECONDS))
                    .as("a third one")
                    .isFalse();
            goOn.release(2);
        }
        for (var thread : threads) {
            thread.join();
        }
    }

    @Test
    void givenWorkThatWaits_whenItHasTheOnlyTurn_thenOthersGoOnMeanwhile() throws Exception {
        var turns = new Turns(1, LONG);
        var came = new CountDownLatch(1);
        var waiting = inTurn(turns, () -> Turns.without(came::await));
        inTurn(turns, came::countDown).join();
        waiting.join();
    }

    @Test
    void givenATurnThatIsNotGivenBack_whenPatienceEnds_thenTheOthersGoOn() throws Exception {
        var turns = new Turns(1, Duration.ofMillis(50));
        var never = new CountDownLatch(1);
        var holder = inTurn(turns, never::await);
        inTurn(turns, () -> {}).join();
        assertThat(holder.isAlive()).isTrue();
        never.countDown();
    }

    @Test
    void givenNoTurn_whenSomebodyWaits_thenItWaits() throws Exception {
        var came = new CountDownLatch(1);
        var waiting = Thread.ofVirtual().start(() -> {
            try {
                Turns.without(came::await);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        came.countDown();
        waiting.join();
    }
}
