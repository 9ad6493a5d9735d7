// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import serai.local.plan.Changes.Place;
import serai.local.plan.Changes.Reason;
import serai.local.plan.Changes.Stop;
import serai.local.plan.Slot.Failed;
import serai.local.plan.Slot.Live;

class ReconcilerTest {
    private static final Instant NOON = Instant.parse("2030-01-01T12:00:00Z");

    @Provide
    Arbitrary<List<Slot>> slots() {
        Arbitrary<Slot.Phase> phase = Arbitraries.of(
                new Live(),
                new Live(),
                new Slot.Done(),
                new Failed(Optional.empty()),
                new Failed(Optional.of(NOON.minusSeconds(1))),
                new Failed(Optional.of(NOON.plusSeconds(5))));
        Arbitrary<Boolean> rarely = Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(5, Arbitraries.just(false)), net.jqwik.api.Tuple.of(1, Arbitraries.just(true)));
        return Combinators.combine(Arbitraries.integers().between(0, 12), phase, rarely, rarely, rarely)
                .as((index, p, outdated, migrating, planned) -> new Slot("", index, 0, p, outdated, migrating, planned))
                .list()
                .ofMaxSize(12)
                .map(ReconcilerTest::numbered);
    }

    private static List<Slot> numbered(List<Slot> slots) {
        return IntStream.range(0, slots.size())
                .mapToObj(i -> {
                    Slot s = slots.get(i);
                    return new Slot("a" + i, s.index(), i, s.phase(), s.outdated(), s.migrating(), s.followUpPlanned());
                })
                .toList();
    }

    /** The indexes that are wanted once the changes were made. */
    private static List<Integer> after(Changes changes, Collection<Slot> slots) {
        Set<String> stopped = changes.stops().stream().map(Stop::allocation).collect(toSet());
        List<Integer> left = new ArrayList<>();
        slots.stream().filter(s -> !stopped.contains(s.id())).forEach(s -> left.add(s.index()));
        changes.places().forEach(p -> left.add(p.index()));
        return left;
    }

    @Property
    void thereAreExactlyAsManyAsCounted_andNoIndexTwice(
            @ForAll("slots") List<Slot> slots, @ForAll @IntRange(max = 15) int count) {
        List<Integer> after = after(Reconciler.reconcile(count, slots, NOON), slots);
        assertThat(after).hasSize(count).doesNotHaveDuplicates();
    }

    @Property
    void whatIsNotNeededHasTheHighestIndexes(@ForAll("slots") List<Slot> slots, @ForAll @IntRange(max = 15) int count) {
        Map<String, Slot> byId = new java.util.HashMap<>();
        Set<Integer> seen = new HashSet<>();
        List<Slot> single = slots.stream().filter(s -> seen.add(s.index())).toList();
        single.forEach(s -> byId.put(s.id(), s));
        Changes changes = Reconciler.reconcile(count, single, NOON);
        List<Integer> dropped = changes.stops().stream()
                .filter(s -> s.reason() == Reason.NOT_NEEDED)
                .map(s -> byId.get(s.allocation()).index())
                .toList();
        List<Integer> kept = after(changes, single);
        assertThat(dropped).allMatch(index -> kept.stream().allMatch(k -> k < index));
    }

    @Property
    void newInstancesTakeTheLowestFreeIndexes(
            @ForAll("slots") List<Slot> slots, @ForAll @IntRange(max = 15) int count) {
        Changes changes = Reconciler.reconcile(count, slots, NOON);
        Set<Integer> after = new HashSet<>(after(changes, slots));
        changes.places().stream()
                .filter(p -> p.replaces().isEmpty())
                .map(Place::index)
                .forEach(index -> assertThat(after)
                        .containsAll(IntStream.range(0, index).boxed().toList()));
    }

    @Property
    void onceCarriedOut_thereIsNothingLeftToDo(
            @ForAll("slots") List<Slot> slots, @ForAll @IntRange(max = 15) int count) {
        Changes changes = Reconciler.reconcile(count, slots, NOON);
        Set<String> stopped = changes.stops().stream().map(Stop::allocation).collect(toSet());
        Set<String> planned =
                changes.later().stream().map(Changes.Later::allocation).collect(toSet());
        List<Slot> next = new ArrayList<>();
        slots.stream()
                .filter(s -> !stopped.contains(s.id()))
                .map(s -> new Slot(
                        s.id(),
                        s.index(),
                        s.age(),
                        s.phase(),
                        s.outdated(),
                        s.migrating(),
                        s.followUpPlanned() || planned.contains(s.id())))
                .forEach(next::add);
        changes.places()
                .forEach(p -> next.add(new Slot("n" + p.index(), p.index(), 99, new Live(), false, false, false)));
        Changes again = Reconciler.reconcile(count, next, NOON);
        assertThat(again.stops()).isEmpty();
        assertThat(again.places()).isEmpty();
        assertThat(again.later()).isEmpty();
    }

    private static Slot slot(int index, Slot.Phase phase) {
        return new Slot("a" + index, index, index, phase, false, false, false);
    }

    @Example
    void givenAFailedInstanceWithoutRetry_whenTheCountGrows_thenItKeepsItsSlot() {
        Changes changes = Reconciler.reconcile(2, List.of(slot(0, new Failed(Optional.empty()))), NOON);
        assertThat(changes.stops()).isEmpty();
        assertThat(changes.places()).containsExactly(new Place(1, Optional.empty(), false));
    }

    @Example
    void givenAFailedInstance_whenItsDelayIsOver_thenAnotherTakesItsIndex() {
        Changes changes = Reconciler.reconcile(1, List.of(slot(0, new Failed(Optional.of(NOON)))), NOON);
        assertThat(changes.stops()).containsExactly(new Stop("a0", Reason.RESCHEDULED));
        assertThat(changes.places()).containsExactly(new Place(0, Optional.of("a0"), true));
    }

    @Example
    void givenAFailedInstance_whenItsDelayIsNotOver_thenItWaits() {
        Instant then = NOON.plus(Duration.ofSeconds(5));
        Changes changes = Reconciler.reconcile(1, List.of(slot(0, new Failed(Optional.of(then)))), NOON);
        assertThat(changes.later()).containsExactly(new Changes.Later("a0", then));
        assertThat(changes.places()).isEmpty();
    }
}
