// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.build.BuildFunctions.Next;
import serai.build.BuildFunctions.Sight;
import serai.call.Outcome;
import serai.image.Builds;

/** What is done about a function that makes a layer. */
class SightTest {
    private static final int MOST = 3;
    private static final Duration LONG = Duration.ofMinutes(1);

    private static Next next(Outcome outcome, boolean anyContainer, Duration since, int calls) {
        return new Sight(true, Optional.ofNullable(outcome), "", anyContainer, since, calls).next(MOST);
    }

    @Test
    void givenNoOutcome_thenItIsWaitedFor() {
        assertThat(next(null, false, LONG, 1)).isEqualTo(new Next.Wait());
    }

    @Test
    void givenASuccess_thenTheLayerIsWaitedForAsLongAsItsContainerLives() {
        assertThat(next(Outcome.SUCCESS, true, LONG, 1)).isEqualTo(new Next.Wait());
    }

    @Test
    void givenASuccessWhoseContainerWasLost_thenItIsCalledAgain_butNotForEver() {
        assertThat(next(Outcome.SUCCESS, false, LONG, MOST - 1)).isEqualTo(new Next.Call());
        assertThat(next(Outcome.SUCCESS, false, LONG, MOST))
                .isEqualTo(new Next.End(
                        Builds.State.FAILED,
                        "3 containers of its function ended before they had kept what was written"));
    }

    @Test
    void givenAFailure_thenTheLastWordsOfItsContainerComeFirst() {
        assertThat(next(Outcome.FAILURE, true, Duration.ofSeconds(1), 1)).isEqualTo(new Next.Wait());
        var end = new Next.End(Builds.State.FAILED, "its function failed");
        assertThat(next(Outcome.FAILURE, false, Duration.ofSeconds(1), 1)).isEqualTo(end);
        assertThat(next(Outcome.FAILURE, true, LONG, 1)).isEqualTo(end);
    }

    @Test
    void givenAnOutcomeThatThePlatformDecided_thenItsReasonIsTold() {
        var sight = new Sight(true, Optional.of(Outcome.INTERNAL_FAILURE), "no room", false, LONG, 1);
        assertThat(sight.next(MOST)).isEqualTo(new Next.End(Builds.State.FAILED, "no room"));
        assertThat(next(Outcome.TIMEOUT, false, LONG, 1))
                .isEqualTo(new Next.End(Builds.State.TIMED_OUT, "its function took too long"));
    }

    @Test
    void givenAnAppThatWasStopped_thenTheBuildEnds() {
        var sight = new Sight(false, Optional.empty(), "", true, LONG, 1);
        assertThat(sight.next(MOST)).isEqualTo(new Next.End(Builds.State.CANCELLED, "its function was stopped"));
    }
}
