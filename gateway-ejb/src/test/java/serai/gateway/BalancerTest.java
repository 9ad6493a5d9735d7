// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serai.serve.Door;

class BalancerTest {
    private static final long NOW = 1_000;

    private static Balancer balancer(int target, int most, String... containers) {
        var balancer = new Balancer(new Balancer.Limits(target, most));
        see(balancer, containers);
        return balancer;
    }

    private static void see(Balancer balancer, String... containers) {
        see(balancer, Map.of(), containers);
    }

    private static void see(Balancer balancer, Map<String, Integer> before, String... containers) {
        balancer.see(Stream.of(containers).map(id -> new Door(id, "n", 1, "t")).toList(), before);
    }

    private static Optional<String> next(Balancer balancer) {
        return balancer.take(NOW).map(backend -> backend.door().containerId());
    }

    private static List<String> next(Balancer balancer, int n) {
        return Stream.generate(() -> next(balancer).orElseThrow()).limit(n).toList();
    }

    @Test
    void givenATarget_thenContainersAreFilledOneAfterTheOtherUpToIt() {
        assertThat(next(balancer(2, 10, "a", "b", "c"), 5)).containsExactly("a", "a", "b", "b", "c");
    }

    @Test
    void givenContainersThatAllHaveTheirTarget_thenTheFewestWins() {
        assertThat(next(balancer(1, 3, "a", "b"), 6)).containsExactly("a", "b", "a", "b", "a", "b");
    }

    @Test
    void givenContainersThatServersBeforeThisOneFill_thenThoseWithRoomAreNextAndThenTheFewest() {
        var balancer = balancer(2, 10, "a", "b", "c");
        see(balancer, Map.of("a", 2, "b", 1), "a", "b", "c");
        assertThat(next(balancer, 6)).containsExactly("b", "c", "c", "a", "b", "c");
    }

    @Test
    void givenContainersThatOthersHaveFilled_thenTheMostIsStillWhatThisServerMayHave() {
        var balancer = balancer(1, 1, "a");
        see(balancer, Map.of("a", 1), "a");
        assertThat(next(balancer)).contains("a");
        assertThat(balancer.isFull()).isTrue();
    }

    @Test
    void givenContainersThatHaveTheMost_thenThereIsNoRoomAndThatCountsAsWork() {
        var balancer = balancer(1, 1, "a");
        assertThat(balancer.isFull()).isFalse();
        assertThat(next(balancer)).contains("a");
        assertThat(next(balancer)).isEmpty();
        assertThat(balancer.isFull()).isTrue();
        assertThat(balancer.report().waiting()).isEqualTo(1);
        assertThat(balancer.report().waiting()).isZero();
    }

    @Test
    void givenNoContainer_thenNothingIsFull() {
        assertThat(balancer(1, 1).isFull()).isFalse();
        assertThat(next(balancer(1, 1))).isEmpty();
    }

    @Test
    void givenAContainerThatCouldNotBeReached_thenOthersAreNextForAWhile() {
        var balancer = balancer(2, 10, "a", "b");
        var backend = balancer.take(NOW).orElseThrow();
        balancer.avoid(backend, NOW + 10);
        balancer.leave(backend, NOW);
        assertThat(next(balancer)).contains("b");
        assertThat(balancer.take(NOW + 10).map(r -> r.door().containerId())).contains("a");
    }

    @Test
    void givenAHeldContainer_whenItIsNotUsedForAWhile_thenItIsReleasedOnce() {
        var balancer = balancer(2, 10, "a");
        var backend = balancer.take(NOW).orElseThrow();
        balancer.held(backend);
        assertThat(balancer.release(NOW + 100)).isEmpty();
        balancer.leave(backend, NOW);
        assertThat(balancer.release(NOW - 1)).isEmpty();
        assertThat(balancer.release(NOW)).containsExactly(backend);
        assertThat(balancer.isHeld(backend)).isFalse();
        assertThat(balancer.release(NOW)).isEmpty();
    }

    @Test
    void givenAContainerThatIsNotHeld_whenItMustBe_thenNothingIsTaken() {
        var balancer = balancer(1, 1, "a");
        assertThat(balancer.takeHeld(NOW)).isEmpty();
        var backend = balancer.take(NOW).orElseThrow(); // it had no request
        balancer.held(backend);
        assertThat(balancer.takeHeld(NOW)).isEmpty(); // it is full
        balancer.leave(backend, NOW);
        assertThat(balancer.takeHeld(NOW)).contains(backend);
        assertThat(balancer.takeHeld(NOW)).isEmpty();
    }

    @Test
    void givenAHoldThatWasLost_whenItIsInUse_thenItIsToBeHeldAgain() {
        var balancer = balancer(2, 10, "a", "b");
        var used = balancer.take(NOW).orElseThrow();
        balancer.held(used);
        assertThat(balancer.lose("a")).contains(used);
        assertThat(balancer.isHeld(used)).isFalse();
        balancer.held(used);
        balancer.leave(used, NOW);
        assertThat(balancer.lose("a")).isEmpty();
        assertThat(balancer.isHeld(used)).isFalse();
        assertThat(balancer.lose("nobody")).isEmpty();
    }

    @Test
    void givenAContainerThatIsNotOpenAnyMore_thenWhatGoesOnThereIsStillTold() {
        var balancer = balancer(2, 10, "a", "b");
        var backend = balancer.take(NOW).orElseThrow();
        balancer.held(backend);
        see(balancer, "b");
        assertThat(balancer.report().inUse()).isEqualTo(Map.of("a", 1));
        assertThat(next(balancer)).contains("b");

        balancer.leave(backend, NOW);
        balancer.release(NOW);
        see(balancer, "b");
        assertThat(balancer.report().inUse()).isEmpty();
    }

    @Test
    void givenOnesThatWait_thenTheFirstOfThemIsKnown() {
        var balancer = balancer(1, 1);
        assertThat(balancer.beginWaiting()).isTrue();
        assertThat(balancer.beginWaiting()).isFalse();
        assertThat(balancer.report().waiting()).isEqualTo(2);
        balancer.endWaiting();
        balancer.endWaiting();
        assertThat(balancer.report()).isEqualTo(Balancer.Report.NOTHING);
        assertThat(balancer.beginWaiting()).isTrue();
    }
}
