// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import serai.autoscale.RankPolicy.Rank;
import serai.function.AutoscalerSettings;

class RankPolicyTest {
    private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration RETRY = Duration.ofSeconds(15);
    private static final Duration WINDOW = Duration.ofSeconds(10);

    private static RankPolicy policy(int min, int max) {
        return new RankPolicy(new AutoscalerSettings(min, max, 0, WINDOW), 1, PATIENCE);
    }

    private static Rank idle() {
        return new Rank(0, 0, 0, Optional.empty(), Instant.EPOCH);
    }

    private static Rank waiting(int size, int unplaced, int seconds) {
        return new Rank(size, size - unplaced, unplaced, Optional.of(NOON.minusSeconds(seconds)), Instant.EPOCH);
    }

    @Example
    void givenWork_whenNothingIsKnown_thenOnlyTheFirstRankIsAsked() {
        var ranks = List.of(idle(), idle());
        assertThat(policy(0, 10).share(0, 3, ranks, NOON).pending()).isEqualTo(3);
        assertThat(policy(0, 10).share(1, 3, ranks, NOON).pending()).isZero();
    }

    @Example
    void givenAShortRank_whenThePatienceIsOver_thenTheNextIsAskedToo() {
        assertThat(policy(0, 10)
                        .share(1, 1, List.of(waiting(1, 1, 1), idle()), NOON)
                        .pending())
                .isZero();
        assertThat(policy(0, 10)
                        .share(1, 1, List.of(waiting(1, 1, 2), idle()), NOON)
                        .pending())
                .isEqualTo(1);
    }

    @Example
    void givenAMaximumThatIsReached_whenTheNextRankIsAsked_thenWhatHasNoPlaceGivesWay() {
        var ranks = List.of(waiting(3, 2, 5), idle());
        assertThat(policy(0, 3).share(0, 2, ranks, NOON).keep()).isEqualTo(1);
        assertThat(policy(0, 3).share(1, 2, ranks, NOON).most()).isZero();
        assertThat(policy(0, 5).share(0, 2, ranks, NOON).keep())
                .as("there is room for both")
                .isEqualTo(3);
    }

    @Example
    void givenAMinimum_whenTheFirstRankHasNoPlaceForIt_thenTheNextKeepsIt() {
        var ranks = List.of(waiting(3, 2, 5), idle());
        assertThat(policy(3, 10).share(1, 0, ranks, NOON).settings().minContainers())
                .isEqualTo(2);
        assertThat(policy(3, 10).share(0, 0, ranks, NOON).settings().minContainers())
                .isEqualTo(3);
    }

    /** Safety: never above the maximum, and no rank is asked while a better one has or may have room. */
    @Property(tries = 300)
    void whateverHappens_theMaximumHoldsAndTheOrderIsKept(
            @ForAll @IntRange(min = 1, max = 6) int max,
            @ForAll @Size(min = 2, max = 3) List<@IntRange(max = 4) Integer> room,
            @ForAll @Size(max = 40) List<@IntRange(max = 4) Integer> arrivals,
            @ForAll @Size(max = 40) List<@IntRange(max = 4) Integer> roomOfTheFirst) {
        var world = new World(policy(0, max), room);
        for (int second = 0; second < 40; second++) {
            world.arrive(second < arrivals.size() ? arrivals.get(second) : 0);
            if (second < roomOfTheFirst.size()) {
                world.room[0] = roomOfTheFirst.get(second);
            }
            world.second();
        }
    }

    /** Liveness: as long as any rank has room, everything is done in the end. */
    @Property(tries = 300)
    void whereThereIsRoom_everythingIsDoneAndThenNothingIsLeft(
            @ForAll @IntRange(min = 1, max = 6) int max,
            @ForAll @Size(min = 2, max = 3) List<@IntRange(max = 2) Integer> room,
            @ForAll @IntRange(min = 1, max = 12) int inputs) {
        var world = new World(policy(0, max), room);
        if (room.stream().allMatch(r -> r == 0)) {
            world.room[world.room.length - 1] = 1;
        }
        world.arrive(inputs);
        for (int second = 0; second < 40 * inputs && (world.pending > 0 || world.busy() > 0); second++) {
            world.second();
        }
        assertThat(world.pending).isZero();
        for (int second = 0; second < 60; second++) {
            world.second();
        }
        assertThat(world.size).containsOnly(0);
    }

    /** And back: when the first rank has room again and the others have idled down, new work is its alone. */
    @Property(tries = 100)
    void whenTheFirstHasRoomAgain_newWorkGoesThere(
            @ForAll @IntRange(min = 1, max = 4) int max, @ForAll @IntRange(min = 1, max = 6) int inputs) {
        var world = new World(policy(0, max), List.of(0, 9));
        world.arrive(inputs);
        for (int second = 0; second < 120; second++) {
            world.second();
        }
        assertThat(world.done).isEqualTo(new int[] {0, inputs});
        world.room[0] = 9;
        world.arrive(inputs);
        for (int second = 0; second < 60; second++) {
            world.second();
        }
        assertThat(world.done).isEqualTo(new int[] {inputs, inputs});
    }

    /** A cluster with so much room for each rank, and what the scaler does with the policy's answer, second by second. */
    private static final class World {
        private static final int INPUT_TAKES = 3;

        final RankPolicy policy;
        final int[] room;
        final int[] size;
        final int[] placed;
        final int[] done;
        final Instant[] since;
        final Instant[] closed;
        final List<Deque<Integer>> containers = new ArrayList<>(); // of each rank: seconds left, negative: idle since
        int pending;
        Instant now = NOON;

        World(RankPolicy policy, List<Integer> room) {
            this.policy = policy;
            this.room = room.stream().mapToInt(r -> r).toArray();
            int n = room.size();
            size = new int[n];
            placed = new int[n];
            done = new int[n];
            since = new Instant[n];
            closed = new Instant[n];
            Arrays.fill(closed, Instant.EPOCH);
            IntStream.range(0, n).forEach(r -> containers.add(new ArrayDeque<>()));
        }

        void arrive(int inputs) {
            pending += inputs;
        }

        int busy() {
            return IntStream.range(0, size.length).map(this::running).sum();
        }

        private int running(int rank) {
            return (int) containers.get(rank).stream().filter(left -> left > 0).count();
        }

        private List<Rank> ranks() {
            return IntStream.range(0, size.length)
                    .mapToObj(r -> new Rank(
                            size[r], running(r), size[r] - placed[r], Optional.ofNullable(since[r]), closed[r]))
                    .toList();
        }

        void second() {
            now = now.plusSeconds(1);
            for (int rank = 0; rank < size.length; rank++) {
                look(rank);
                assertThat(Arrays.stream(size).sum())
                        .isLessThanOrEqualTo(policy.settings().maxContainers());
                place();
            }
            work();
        }

        private void look(int rank) {
            var ranks = ranks();
            var share = policy.share(rank, pending, ranks, now);
            if (share.givesWay(size[rank])) {
                assertThat(share.keep()).as("no container is lost").isGreaterThanOrEqualTo(placed[rank]);
                size[rank] = share.keep();
                closed[rank] = now.plus(RETRY);
                return;
            }
            var demand = new Demand(share.pending(), running(rank), 1, List.of(), size[rank], now, 0, Optional.empty());
            int wanted = Math.min(new ScalingPolicy(share.settings(), 3).wanted(demand, now), share.most());
            if (wanted > size[rank]) {
                assertThat(ranks.subList(0, rank)).as("better ranks are short").allMatch(r -> policy.isShort(r, now));
                size[rank] = wanted;
            } else if (placed[rank] < size[rank]) {
                size[rank] = Math.max(wanted, placed[rank]);
            }
            var mine = containers.get(rank);
            while (!mine.isEmpty() && size[rank] == placed[rank] && mine.peekLast() < -WINDOW.toSeconds()) {
                mine.removeLast();
                placed[rank] = --size[rank];
            }
        }

        private void place() {
            for (int rank = 0; rank < size.length; rank++) {
                while (placed[rank] < size[rank] && placed[rank] < room[rank]) {
                    placed[rank]++;
                    containers.get(rank).add(0);
                }
                boolean isShort = placed[rank] < size[rank];
                since[rank] = isShort ? since[rank] == null ? now : since[rank] : null;
            }
        }

        private void work() {
            for (int rank = 0; rank < size.length; rank++) {
                var mine = containers.get(rank);
                for (int i = mine.size(); i > 0; i--) {
                    int left = mine.removeFirst() - 1;
                    done[rank] += left == 0 ? 1 : 0;
                    if (left <= 0 && pending > 0) {
                        pending--;
                        left = INPUT_TAKES;
                    }
                    mine.addLast(left);
                }
            }
        }
    }
}
