// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.call.CallProgress;
import serai.call.InputProgress;
import serai.cluster.Shortage;
import serai.device.Gpu;
import serai.explain.Explanation.Cause;

class WaitingTest {
    static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    static final Shortage NO_MEMORY = new Shortage(2, "memory exhausted on 3 of 3 nodes", NOON);

    @Test
    void givenAFinishedCall_thenItSaysHowItEnded() {
        var over = new Situation(
                CallProgress.State.FAILED,
                Optional.empty(),
                0,
                true,
                pool(1, 4, 0),
                1,
                0,
                0,
                0,
                Optional.empty(),
                Optional.empty());
        assertThat(Waiting.explain(over, NOON)).isEqualTo(new Explanation(Cause.OVER, "The call is over: it failed."));
    }

    @Test
    void givenARunningInput_thenItNamesTheContainer() {
        var seen = situation(input(InputProgress.State.RUNNING, NOON), pool(1, 4, 0), 1, 0, 1, null, null);
        assertThat(explain(seen, Cause.RUNNING)).contains("ta-1").contains("attempt 1");
    }

    @Test
    void givenARetryThatWaits_thenItSaysUntilWhen() {
        var seen = situation(pending(NOON.plusSeconds(5)), pool(1, 4, 0), 1, 0, 0, null, null);
        assertThat(explain(seen, Cause.RETRY_DELAYED)).contains("2030-01-01T12:00:05Z");
    }

    @Test
    void givenNoPool_thenNothingWasAsked() {
        explain(situation(pending(NOON), null, 0, 0, 0, null, null), Cause.NOTHING_ASKED);
    }

    @Test
    void givenBusyContainers_whenThereAreAsManyAsAllowed_thenItSaysSo() {
        var seen = situation(pending(NOON), pool(2, 2, 0), 2, 0, 2, null, null);
        assertThat(explain(seen, Cause.CONTAINERS_BUSY_AT_MAX))
                .contains("max_containers is 2")
                .contains("3 inputs");
    }

    @Test
    void givenBusyContainers_whenMoreAreAllowed_thenItSaysWhatBecomesOfThem() {
        assertThat(explain(situation(pending(NOON), pool(2, 4, 0), 1, 1, 1, null, null), Cause.CONTAINERS_BUSY))
                .contains("1 more are starting");
        assertThat(explain(situation(pending(NOON), pool(2, 4, 0), 1, 0, 1, NO_MEMORY, null), Cause.CONTAINERS_BUSY))
                .contains("memory exhausted");
    }

    @Test
    void givenAFreeContainer_thenItIsAboutToBeTaken() {
        explain(situation(pending(NOON), pool(2, 4, 0), 2, 0, 1, null, null), Cause.ABOUT_TO_BE_TAKEN);
    }

    @Test
    void givenNoContainer_thenTheFirstObstacleOnItsWayIsNamed() {
        var asked = pool(2, 4, 0);
        assertThat(explain(situation(pending(NOON), asked, 0, 0, 0, null, "no answer"), Cause.CLUSTER_SILENT))
                .contains("no answer");
        explain(situation(pending(NOON), asked, 0, 1, 0, NO_MEMORY, null), Cause.CONTAINER_STARTING);
        assertThat(explain(situation(pending(NOON), pool(2, 4, 1), 0, 0, 0, NO_MEMORY, null), Cause.NO_PLACE))
                .contains("memory exhausted on 3 of 3 nodes");
        var needy = pool(2, 4, 0, Optional.of(Gpu.parse("B200:8")));
        assertThat(explain(situation(pending(NOON), needy, 0, 0, 0, NO_MEMORY, null), Cause.NO_PLACE))
                .contains("8 × B200");
        assertThat(explain(situation(pending(NOON), pool(2, 4, 1), 0, 0, 0, null, null), Cause.STARTS_FAIL))
                .contains("because");
        explain(situation(pending(NOON), asked, 0, 0, 0, null, null), Cause.CONTAINER_ASKED);
        explain(situation(pending(NOON), pool(0, 4, 0), 0, 0, 0, null, null), Cause.NOTHING_ASKED);
    }

    private static String explain(Situation seen, Cause expected) {
        var explanation = Waiting.explain(seen, NOON);
        assertThat(explanation.cause()).as(explanation.sentence()).isEqualTo(expected);
        assertThat(explanation.sentence()).endsWith(".").doesNotContain("..");
        return explanation.sentence();
    }

    private static Situation situation(
            InputProgress input,
            Situation.Pool pool,
            int ready,
            int starting,
            int busy,
            Shortage shortage,
            String silence) {
        return new Situation(
                CallProgress.State.PENDING,
                Optional.of(input),
                3,
                true,
                pool,
                ready,
                starting,
                busy,
                0,
                Optional.ofNullable(shortage),
                Optional.ofNullable(silence));
    }

    private static Situation.Pool pool(int size, int max, int failures) {
        return pool(size, max, failures, Optional.empty());
    }

    private static Situation.Pool pool(int size, int max, int failures, Optional<Gpu> gpu) {
        return new Situation.Pool("po-1", size, gpu, max, 1, failures, "because", NOON);
    }

    private static InputProgress pending(Instant availableAt) {
        return input(InputProgress.State.PENDING, availableAt);
    }

    private static InputProgress input(InputProgress.State state, Instant availableAt) {
        return new InputProgress("in-1", state, "po-1", "ta-1", 1, 0, 0, availableAt, NOON, NOON, null);
    }
}
