// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serai.autoscale.Decision.GiveUp;
import serai.autoscale.Decision.Hold;
import serai.autoscale.Decision.Remove;
import serai.autoscale.Decision.ScaleDown;
import serai.autoscale.Decision.ScaleUp;
import serai.autoscale.Demand.Activity;
import serai.autoscale.Demand.Replica;
import serai.function.AutoscalerSettings;

/** A day of a pool on virtual time: bursts and lulls, starts that take a while, ticks every second. */
class SimulationTest {
    private static final Instant MIDNIGHT = Instant.parse("2030-01-01T00:00:00Z");
    private static final int SECONDS = 24 * 60 * 60;
    private static final AutoscalerSettings SETTINGS = new AutoscalerSettings(0, 8, 1, Duration.ofSeconds(60));
    private static final int LONGEST_START = 4;
    private static final int LONGEST_INPUT = 20;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void givenADayOfBursts_whenItIsOver_thenEveryInputRanAndNothingIsLeft(long seed) {
        var pool = new SimulatedPool(new Random(seed));

        for (int second = 0; second < SECONDS; second++) {
            pool.second(second < SECONDS - 3_600);
        }

        assertThat(pool.arrived).isPositive().isEqualTo(pool.finished);
        assertThat(pool.killedBusy).isZero();
        assertThat(pool.most).isLessThanOrEqualTo(SETTINGS.maxContainers());
        assertThat(pool.size).isZero();
        assertThat(pool.places).isEmpty();
        assertThat(pool.longestUnserved).isLessThanOrEqualTo(LONGEST_START + 1);
    }

    /** One input at a time for each container, lowest ordinal first, as the queue does it. */
    private static final class SimulatedPool {
        final Random random;
        final ScalingPolicy policy = new ScalingPolicy(SETTINGS, 3);
        final TreeMap<Integer, Place> places = new TreeMap<>();
        final ArrayDeque<Integer> waiting = new ArrayDeque<>();
        Instant now = MIDNIGHT;
        Instant sizedAt = MIDNIGHT;
        int burst;
        int size;
        int most;
        int arrived;
        int finished;
        int killedBusy;
        int unserved;
        int longestUnserved;

        SimulatedPool(Random random) {
            this.random = random;
        }

        void second(boolean isOpen) {
            now = now.plusSeconds(1);
            work();
            arrive(isOpen);
            reconcile();
            unserved = waiting.isEmpty() || places.values().stream().anyMatch(p -> p.startsIn == 0) ? 0 : unserved + 1;
            longestUnserved = Math.max(longestUnserved, unserved);
        }

        private void arrive(boolean isOpen) {
            if (burst == 0 && random.nextInt(300) == 0) {
                burst = random.nextInt(60);
            }
            burst = Math.max(0, burst - 1);
            for (int i = 0; isOpen && burst > 0 && i < random.nextInt(3); i++) {
                arrived++;
                waiting.add(1 + random.nextInt(LONGEST_INPUT));
            }
        }

        private void work() {
            for (var place : places.values()) {
                if (place.startsIn > 0) {
                    place.startsIn--;
                    place.idleSince = now;
                } else if (place.busyFor > 0 && --place.busyFor == 0) {
                    finished++;
                    place.idleSince = now;
                }
                if (place.isIdle() && !waiting.isEmpty()) {
                    place.busyFor = waiting.remove();
                }
            }
        }

        private void reconcile() {
            switch (policy.decide(demand(), now)) {
                case ScaleUp(int to, String reason) -> resize(to);
                case ScaleDown(int to, List<String> draining, String reason) -> resize(to);
                case Hold hold -> {}
                case Decision.Stay stay -> {}
                case GiveUp giveUp -> throw new AssertionError(giveUp);
                case Remove remove -> throw new AssertionError(remove);
            }
        }

        private void resize(int to) {
            for (int ordinal = size; ordinal < to; ordinal++) {
                places.put(ordinal, new Place(1 + random.nextInt(LONGEST_START)));
            }
            var withdrawn = places.tailMap(to);
            killedBusy +=
                    (int) withdrawn.values().stream().filter(p -> p.busyFor > 0).count();
            withdrawn.clear();
            size = to;
            sizedAt = now;
            most = Math.max(most, size);
        }

        private Demand demand() {
            int running =
                    (int) places.values().stream().filter(p -> p.busyFor > 0).count();
            var replicas = places.entrySet().stream()
                    .map(e -> new Replica(
                            "ta-" + e.getKey(), e.getKey(), false, e.getValue().activity()))
                    .sorted(Comparator.comparing(Replica::id).reversed()) // in no order
                    .toList();
            return new Demand(waiting.size(), running, 1, replicas, size, sizedAt, 0, Optional.empty());
        }
    }

    private static final class Place {
        int startsIn;
        int busyFor;
        Instant idleSince;

        Place(int startsIn) {
            this.startsIn = startsIn;
        }

        boolean isIdle() {
            return startsIn == 0 && busyFor == 0;
        }

        Activity activity() {
            if (startsIn > 0) {
                return new Activity.Starting();
            }
            return busyFor > 0 ? new Activity.Busy() : new Activity.Idle(idleSince);
        }
    }
}
