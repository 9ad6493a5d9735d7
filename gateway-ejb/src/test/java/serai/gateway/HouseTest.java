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

class HouseTest {
    private static final long NOW = 1_000;

    private static House house(int target, int most, String... containers) {
        var house = new House(new House.Limits(target, most));
        see(house, containers);
        return house;
    }

    private static void see(House house, String... containers) {
        house.see(Stream.of(containers).map(id -> new Door(id, "n", 1, "t")).toList());
    }

    private static Optional<String> next(House house) {
        return house.take(NOW).map(room -> room.door().containerId());
    }

    private static List<String> next(House house, int n) {
        return Stream.generate(() -> next(house).orElseThrow()).limit(n).toList();
    }

    @Test
    void givenATarget_thenContainersAreFilledOneAfterTheOtherUpToIt() {
        assertThat(next(house(2, 10, "a", "b", "c"), 5)).containsExactly("a", "a", "b", "b", "c");
    }

    @Test
    void givenContainersThatAllHaveTheirTarget_thenTheFewestWins() {
        assertThat(next(house(1, 3, "a", "b"), 6)).containsExactly("a", "b", "a", "b", "a", "b");
    }

    @Test
    void givenContainersThatHaveTheMost_thenThereIsNoRoomAndThatCountsAsWork() {
        var house = house(1, 1, "a");
        assertThat(house.isFull()).isFalse();
        assertThat(next(house)).contains("a");
        assertThat(next(house)).isEmpty();
        assertThat(house.isFull()).isTrue();
        assertThat(house.report().waiting()).isEqualTo(1);
        assertThat(house.report().waiting()).isZero();
    }

    @Test
    void givenNoContainer_thenNothingIsFull() {
        assertThat(house(1, 1).isFull()).isFalse();
        assertThat(next(house(1, 1))).isEmpty();
    }

    @Test
    void givenAContainerThatCouldNotBeReached_thenOthersAreNextForAWhile() {
        var house = house(2, 10, "a", "b");
        var room = house.take(NOW).orElseThrow();
        house.avoid(room, NOW + 10);
        house.leave(room, NOW);
        assertThat(next(house)).contains("b");
        assertThat(house.take(NOW + 10).map(r -> r.door().containerId())).contains("a");
    }

    @Test
    void givenAHeldContainer_whenItIsNotUsedForAWhile_thenItIsReleasedOnce() {
        var house = house(2, 10, "a");
        var room = house.take(NOW).orElseThrow();
        house.held(room);
        assertThat(house.release(NOW + 100)).isEmpty();
        house.leave(room, NOW);
        assertThat(house.release(NOW - 1)).isEmpty();
        assertThat(house.release(NOW)).containsExactly(room);
        assertThat(house.isHeld(room)).isFalse();
        assertThat(house.release(NOW)).isEmpty();
    }

    @Test
    void givenAHoldThatWasLost_whenItIsInUse_thenItIsToBeHeldAgain() {
        var house = house(2, 10, "a", "b");
        var used = house.take(NOW).orElseThrow();
        house.held(used);
        assertThat(house.lose("a")).contains(used);
        assertThat(house.isHeld(used)).isFalse();
        house.held(used);
        house.leave(used, NOW);
        assertThat(house.lose("a")).isEmpty();
        assertThat(house.isHeld(used)).isFalse();
        assertThat(house.lose("nobody")).isEmpty();
    }

    @Test
    void givenAContainerThatIsNotOpenAnyMore_thenWhatGoesOnThereIsStillTold() {
        var house = house(2, 10, "a", "b");
        var room = house.take(NOW).orElseThrow();
        house.held(room);
        see(house, "b");
        assertThat(house.report().inUse()).isEqualTo(Map.of("a", 1));
        assertThat(next(house)).contains("b");

        house.leave(room, NOW);
        house.release(NOW);
        see(house, "b");
        assertThat(house.report().inUse()).isEmpty();
    }

    @Test
    void givenOnesThatWait_thenTheFirstOfThemIsKnown() {
        var house = house(1, 1);
        assertThat(house.beginWaiting()).isTrue();
        assertThat(house.beginWaiting()).isFalse();
        assertThat(house.report().waiting()).isEqualTo(2);
        house.endWaiting();
        house.endWaiting();
        assertThat(house.report()).isEqualTo(House.Report.NOTHING);
        assertThat(house.beginWaiting()).isTrue();
    }
}
