// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import serai.autoscale.Decision.Hold;
import serai.autoscale.Decision.ScaleDown;
import serai.autoscale.Decision.ScaleUp;
import serai.autoscale.Demand.Activity;
import serai.autoscale.Demand.Replica;
import serai.function.AutoscalerSettings;

/** What holds for every demand. */
class ScalingPolicyPropertiesTest {
    private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");
    private static final int CRASH_LIMIT = 3;

    @Property
    void neverAboveMax(@ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        if (decide(settings, demand) instanceof ScaleUp(int to, String reason)) {
            assertThat(to).isGreaterThan(demand.size()).isLessThanOrEqualTo(settings.maxContainers());
        }
    }

    @Property
    void neverBelowMinNorBelowWhatTheWorkNeeds(
            @ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        if (decide(settings, demand) instanceof ScaleDown(int to, List<String> draining, String reason)) {
            assertThat(to).isLessThan(demand.size()).isGreaterThanOrEqualTo(settings.minContainers());
            assertThat(to).isGreaterThanOrEqualTo(Math.min(needed(demand), settings.maxContainers()));
        }
    }

    @Property
    void whatWaitsGetsAContainer(@ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        if (demand.pending() == 0) {
            return;
        }
        int size = sizeAfter(decide(settings, demand), demand.size());

        assertThat(size).isPositive();
        assertThat(size).isGreaterThanOrEqualTo(Math.min(needed(demand), settings.maxContainers()));
    }

    @Property
    void aSecondLookChangesNothing(@ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        var after = applied(decide(settings, demand), demand);

        assertThat(decide(settings, after)).isInstanceOf(Hold.class);
    }

    @Property
    void onlyIdleOnesAreDrained(@ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        if (decide(settings, demand) instanceof ScaleDown(int to, List<String> draining, String reason)) {
            var before = NOON.minus(settings.scaledownWindow());
            assertThat(demand.replicas())
                    .filteredOn(r -> r.ordinal() >= to)
                    .allMatch(r -> r.isIdleSince(before))
                    .extracting(Replica::id)
                    .containsAll(draining);
        }
    }

    @Property
    void thoseWithTheHighestOrdinalsAreDrained(
            @ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        if (decide(settings, demand) instanceof ScaleDown(int to, List<String> draining, String reason)) {
            var expected = demand.replicas().stream()
                    .filter(r -> r.ordinal() >= to && !r.draining())
                    .map(Replica::id)
                    .toList();
            assertThat(draining).containsExactlyElementsOf(expected);
        }
    }

    @Property
    void aRetiringPoolKeepsWhatWorks(
            @ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        var decision = new ScalingPolicy(settings, CRASH_LIMIT).retire(demand, NOON, Duration.ofSeconds(3));

        int size = decision instanceof Decision.Remove ? 0 : sizeAfter(decision, demand.size());
        assertThat(demand.replicas())
                .filteredOn(r -> r.activity() instanceof Activity.Busy)
                .allMatch(r -> r.ordinal() < size);
    }

    /** For all the work at once, or as many as may be on their way by now. */
    private static int needed(Demand demand) {
        return Math.min(demand.containersNeeded(), 2 * demand.ready() + ScalingPolicy.FIRST_STEP);
    }

    @Property
    void whatWaitsHasAllItNeedsInTheEnd(@ForAll @IntRange(min = 1, max = 1_000) int inputs) {
        var settings = new AutoscalerSettings(0, 500, 0, Duration.ofSeconds(60));
        int size = 0;
        for (int steps = 0; steps < 10; steps++) {
            var ready = IntStream.range(0, size)
                    .mapToObj(i -> replica(i, new Activity.Busy()))
                    .toList();
            size = sizeAfter(decide(settings, new Demand(inputs, 0, 1, ready, size, NOON, 0, Optional.empty())), size);
        }
        assertThat(size).isEqualTo(Math.min(inputs, 500));
    }

    @Property
    void neverMoreThanItsWorkspaceAllows(
            @ForAll("settings") AutoscalerSettings settings,
            @ForAll("demands") Demand demand,
            @ForAll @IntRange(max = 30) int most) {
        if (decide(settings, allowed(demand, most)) instanceof ScaleUp(int to, String reason)) {
            assertThat(to).isLessThanOrEqualTo(most);
        }
    }

    @Property
    void whoMayHaveNoMoreSaysSo(@ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        var full = decide(settings, allowed(demand, demand.size()));

        if (decide(settings, demand) instanceof ScaleUp) {
            assertThat(full).isInstanceOf(Decision.Stay.class);
        } else {
            assertThat(full).isEqualTo(decide(settings, demand));
        }
    }

    @Property
    void inABurstNothingIsGivenUp(@ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        var burst = new Trend(List.of(), Optional.of(NOON));

        assertThat(decide(
                        new AutoscalerSettings(
                                settings.minContainers(),
                                settings.maxContainers(),
                                settings.bufferContainers(),
                                settings.scaledownWindow().plusSeconds(1)),
                        demand.seen(Pace.UNKNOWN, burst)))
                .isNotInstanceOf(ScaleDown.class);
    }

    @Property
    void aBurstEndsWithItsWindow(@ForAll("settings") AutoscalerSettings settings, @ForAll("demands") Demand demand) {
        var over = new Trend(List.of(), Optional.of(NOON.minus(settings.scaledownWindow())));

        assertThat(decide(settings, demand.seen(Pace.UNKNOWN, over))).isEqualTo(decide(settings, demand));
    }

    @Property
    void thatInputsAreShortNeverAsksForMoreAndNeverForNothing(
            @ForAll("settings") AutoscalerSettings settings,
            @ForAll("demands") Demand demand,
            @ForAll @IntRange(max = 10_000) int millis) {
        var known = demand.seen(new Pace(Optional.of(Duration.ofMillis(millis)), Duration.ofSeconds(2)), Trend.NONE);

        assertThat(known.containersNeeded()).isLessThanOrEqualTo(demand.containersNeeded());
        if (demand.isWork()) {
            assertThat(sizeAfter(decide(settings, known), demand.size())).isPositive();
            assertThat(known.containersNeeded()).isPositive();
        }
    }

    @Property
    void whatIsShortIsDoneWithinTheTimeOfAStart(
            @ForAll @IntRange(min = 1, max = 100_000) int pending,
            @ForAll @IntRange(min = 1, max = 5_000) int input,
            @ForAll @IntRange(min = 100, max = 5_000) int start) {
        int slots = new Pace(Optional.of(Duration.ofMillis(input)), Duration.ofMillis(start)).slotsFor(pending);

        assertThat((long) pending * input).isLessThanOrEqualTo((long) slots * Math.max(start, input));
    }

    private static Demand allowed(Demand demand, int most) {
        return new Demand(
                demand.pending(),
                demand.running(),
                demand.concurrency(),
                demand.replicas(),
                demand.size(),
                demand.sizedAt(),
                demand.failures(),
                demand.gaveUpAt(),
                demand.pace(),
                demand.trend(),
                most);
    }

    private static Decision decide(AutoscalerSettings settings, Demand demand) {
        return new ScalingPolicy(settings, CRASH_LIMIT).decide(demand, NOON);
    }

    private static int sizeAfter(Decision decision, int size) {
        return switch (decision) {
            case ScaleUp(int to, String reason) -> to;
            case ScaleDown(int to, List<String> draining, String reason) -> to;
            case Hold hold -> size;
            case Decision.Stay stay -> size;
            case Decision.GiveUp giveUp -> throw new AssertionError(giveUp);
            case Decision.Remove remove -> throw new AssertionError(remove);
        };
    }

    private static Demand applied(Decision decision, Demand demand) {
        int size = sizeAfter(decision, demand.size());
        var left = demand.replicas().stream().filter(r -> r.ordinal() < size).toList();
        var at = size == demand.size() ? demand.sizedAt() : NOON;
        return new Demand(
                demand.pending(),
                demand.running(),
                demand.concurrency(),
                left,
                size,
                at,
                demand.failures(),
                demand.gaveUpAt());
    }

    @Provide
    Arbitrary<AutoscalerSettings> settings() {
        var min = Arbitraries.integers().between(0, 5);
        var above = Arbitraries.integers().between(1, 20);
        var buffer = Arbitraries.integers().between(0, 4);
        var window = Arbitraries.integers().between(0, 120);
        return Combinators.combine(min, above, buffer, window)
                .as((m, a, b, w) -> new AutoscalerSettings(m, m + a, b, Duration.ofSeconds(w)));
    }

    /** Every place may have a container or none, in any state; those that work are as many as inputs run, or fewer. */
    @Provide
    Arbitrary<Demand> demands() {
        var pending = Arbitraries.integers().between(0, 100);
        var concurrency = Arbitraries.integers().between(1, 4);
        var places = activity().list().ofMaxSize(20);
        var sized = Arbitraries.integers().between(0, 200);
        return Combinators.combine(pending, concurrency, places, sized).as((p, c, activities, seconds) -> {
            var replicas = IntStream.range(0, activities.size())
                    .filter(i -> activities.get(i).isPresent())
                    .mapToObj(i -> replica(i, activities.get(i).get()))
                    .toList();
            int busy = (int) replicas.stream()
                    .filter(r -> r.activity() instanceof Activity.Busy)
                    .count();
            return new Demand(p, busy, c, replicas, activities.size(), NOON.minusSeconds(seconds), 0, Optional.empty());
        });
    }

    private static Replica replica(int ordinal, Activity activity) {
        return new Replica("ta-" + ordinal, ordinal, false, activity);
    }

    private static Arbitrary<Optional<Activity>> activity() {
        var idle = Arbitraries.integers()
                .between(0, 200)
                .map(s -> Optional.<Activity>of(new Activity.Idle(NOON.minusSeconds(s))));
        return Arbitraries.oneOf(
                idle,
                idle,
                Arbitraries.just(Optional.of(new Activity.Busy())),
                Arbitraries.just(Optional.of(new Activity.Starting())),
                Arbitraries.just(Optional.empty()));
    }
}
