// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serai.autoscale.Decision.GiveUp;
import serai.autoscale.Decision.Hold;
import serai.autoscale.Decision.Remove;
import serai.autoscale.Decision.ScaleDown;
import serai.autoscale.Decision.ScaleUp;
import serai.autoscale.Demand.Activity;
import serai.autoscale.Demand.Replica;
import serai.function.AutoscalerSettings;

class ScalingPolicyTest {
    private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    private static final Instant LONG_AGO = NOON.minus(Duration.ofHours(1));
    private static final Duration WINDOW = Duration.ofSeconds(60);
    private static final Duration GRACE = Duration.ofSeconds(3);
    private static final ScalingPolicy TO_ZERO = policy(0, 10, 0);

    @Test
    void givenNoContainer_whenAnInputWaits_thenOneIsAskedFor() {
        assertThat(to(TO_ZERO.decide(demand(1, 0, 0), NOON))).isEqualTo(1);
    }

    @Test
    void givenContainersForTwoInputs_whenFiveWait_thenThreeAreAskedFor() {
        assertThat(to(new ScalingPolicy(settings(0, 10, 0), 3).decide(demand(5, 0, 0, 2), NOON)))
                .isEqualTo(3);
    }

    @Test
    void givenABuffer_whenThereIsWork_thenSpareOnesAreAskedForAsWell() {
        assertThat(to(policy(0, 10, 2).decide(demand(1, 0, 0), NOON))).isEqualTo(3);
    }

    @Test
    void givenABuffer_whenThereIsNoWork_thenNoneIsAskedFor() {
        assertThat(policy(0, 10, 2).decide(demand(0, 0, 0), NOON)).isInstanceOf(Hold.class);
    }

    @Test
    void givenAMinimum_whenThereIsNoWork_thenItIsKept() {
        assertThat(to(policy(2, 10, 0).decide(demand(0, 0, 0), NOON))).isEqualTo(2);
        assertThat(policy(2, 10, 0).decide(demand(0, 0, idle(0, 90), idle(1, 90)), NOON))
                .isInstanceOf(Hold.class);
    }

    @Test
    void givenAnIdleContainer_whenTheWindowIsOver_thenThePoolGoesToZero() {
        assertThat(TO_ZERO.decide(demand(0, 0, idle(0, 60)), NOON)).isInstanceOfSatisfying(ScaleDown.class, down -> {
            assertThat(down.to()).isZero();
            assertThat(down.draining()).containsExactly("ta-0");
        });
    }

    @Test
    void givenAnIdleContainer_whenTheWindowIsNotOver_thenItIsKept() {
        assertThat(TO_ZERO.decide(demand(0, 0, idle(0, 59)), NOON)).isInstanceOf(Hold.class);
    }

    @Test
    void givenABusyContainerAtTheTop_whenThoseBelowAreIdle_thenTheyWaitForIt() {
        assertThat(TO_ZERO.decide(demand(0, 1, idle(0, 600), idle(1, 600), busy(2)), NOON))
                .isInstanceOf(Hold.class);
    }

    @Test
    void givenABusyContainerAtTheBottom_whenThoseAboveAreIdle_thenTheyGo() {
        assertThat(TO_ZERO.decide(demand(0, 1, busy(0), idle(1, 70), idle(2, 90)), NOON))
                .isInstanceOfSatisfying(ScaleDown.class, down -> {
                    assertThat(down.to()).isEqualTo(1);
                    assertThat(down.draining()).containsExactly("ta-1", "ta-2");
                });
    }

    @Test
    void givenPlacesThatNeverGotAContainer_whenTheWorkIsDone_thenTheyAreGivenUpAfterTheWindow() {
        var demand = new Demand(0, 0, 1, List.of(idle(0, 70)), 5, NOON.minus(WINDOW), 0, Optional.empty());

        assertThat(to(TO_ZERO.decide(demand, NOON))).isZero();
        assertThat(TO_ZERO.decide(demand, NOON.minusSeconds(1))).isInstanceOf(Hold.class);
    }

    @Test
    void givenAStartingContainer_whenItsWorkWasTakenByAnother_thenItIsKeptUntilItIsReady() {
        assertThat(TO_ZERO.decide(demand(0, 0, idle(0, 600), starting(1)), NOON))
                .isInstanceOf(Hold.class);
    }

    @Test
    void givenAContainerThatDrainsAlready_whenItsPlaceGoes_thenItIsNotDrainedAgain() {
        var draining = new Replica("ta-0", 0, true, new Activity.Idle(LONG_AGO));

        assertThat(TO_ZERO.decide(demand(0, 0, draining), NOON))
                .isInstanceOfSatisfying(
                        ScaleDown.class, down -> assertThat(down.draining()).isEmpty());
    }

    @Test
    void givenThreeStartsThatFailed_whenInputsWait_thenThePoolGivesUp() {
        assertThat(TO_ZERO.decide(failing(1, 1, 3), NOON)).isInstanceOf(GiveUp.class);
        assertThat(TO_ZERO.decide(failing(1, 1, 2), NOON)).isInstanceOf(Hold.class);
    }

    @Test
    void givenStartsThatFailed_whenAnotherContainerWorks_thenThePoolGoesOn() {
        var demand = new Demand(1, 1, 1, List.of(busy(0)), 2, LONG_AGO, 3, Optional.empty());

        assertThat(TO_ZERO.decide(demand, NOON)).isInstanceOf(Hold.class);
    }

    @Test
    void givenAPoolThatGaveUp_whenItKeepsAMinimum_thenItTriesAgainAfterAWhile() {
        var demand = new Demand(0, 0, 1, List.of(), 0, NOON, 0, Optional.of(NOON));

        assertThat(policy(1, 10, 0).decide(demand, NOON.plusSeconds(59))).isInstanceOf(Hold.class);
        assertThat(to(policy(1, 10, 0).decide(demand, NOON.plusSeconds(60)))).isEqualTo(1);
    }

    @Test
    void givenARetiringPool_whenOneWorks_thenOnlyThoseAboveGo() {
        assertThat(to(TO_ZERO.retire(demand(0, 1, busy(0), idle(1, 5), starting(2)), NOON, GRACE)))
                .isEqualTo(1);
    }

    @Test
    void givenARetiringPool_whenNoneWorks_thenItIsRemoved() {
        assertThat(TO_ZERO.retire(demand(0, 0, idle(0, 5), starting(1)), NOON, GRACE))
                .isInstanceOf(Remove.class);
        assertThat(TO_ZERO.retire(demand(0, 0, 0), NOON, GRACE)).isInstanceOf(Remove.class);
    }

    @Test
    void givenARetiringPool_whenOneWasToldToEndJustNow_thenItMayEndByItself() {
        assertThat(TO_ZERO.retire(demand(0, 0, idle(0, 2)), NOON, GRACE)).isInstanceOf(Hold.class);
    }

    @Test
    void givenARetiringPool_whenAContainerAboveItsSizeWorks_thenItIsNotRemoved() {
        var demand = new Demand(0, 1, 1, List.of(busy(0)), 0, LONG_AGO, 0, Optional.empty());

        assertThat(TO_ZERO.retire(demand, NOON, GRACE)).isInstanceOf(Hold.class);
    }

    @Test
    void givenNonsense_whenADemandIsMade_thenItIsRefused() {
        assertThatThrownBy(() -> demand(-1, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> demand(1, 0, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    private static ScalingPolicy policy(int min, int max, int buffer) {
        return new ScalingPolicy(settings(min, max, buffer), 3);
    }

    private static AutoscalerSettings settings(int min, int max, int buffer) {
        return new AutoscalerSettings(min, max, buffer, WINDOW);
    }

    private static Demand demand(int pending, int running, int size) {
        return demand(pending, running, size, 1);
    }

    private static Demand demand(int pending, int running, int size, int concurrency) {
        return new Demand(pending, running, concurrency, List.of(), size, LONG_AGO, 0, Optional.empty());
    }

    /** A pool in which every place has its container. */
    private static Demand demand(int pending, int running, Replica... replicas) {
        return new Demand(pending, running, 1, List.of(replicas), replicas.length, LONG_AGO, 0, Optional.empty());
    }

    private static Demand failing(int pending, int size, int failures) {
        return new Demand(pending, 0, 1, List.of(), size, LONG_AGO, failures, Optional.empty());
    }

    private static Replica idle(int ordinal, int seconds) {
        return new Replica("ta-" + ordinal, ordinal, false, new Activity.Idle(NOON.minusSeconds(seconds)));
    }

    private static Replica busy(int ordinal) {
        return new Replica("ta-" + ordinal, ordinal, false, new Activity.Busy());
    }

    private static Replica starting(int ordinal) {
        return new Replica("ta-" + ordinal, ordinal, false, new Activity.Starting());
    }

    private static int to(Decision decision) {
        return switch (decision) {
            case ScaleUp(int to, String reason) -> to;
            case ScaleDown(int to, List<String> draining, String reason) -> to;
            case GiveUp giveUp -> throw new AssertionError(giveUp);
            case Hold hold -> throw new AssertionError(hold);
            case Decision.Stay stay -> throw new AssertionError(stay);
            case Remove remove -> throw new AssertionError(remove);
        };
    }
}
