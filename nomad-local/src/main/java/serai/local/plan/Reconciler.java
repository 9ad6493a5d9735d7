// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import static java.util.Comparator.comparingInt;
import static java.util.Comparator.comparingLong;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import serai.local.plan.Changes.Later;
import serai.local.plan.Changes.Place;
import serai.local.plan.Changes.Reason;
import serai.local.plan.Changes.Stop;

/** Compares a group's wanted allocations with its count. The highest index goes first, the lowest free one is taken first. */
public final class Reconciler {
    private final List<Stop> stops = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private final List<Later> later = new ArrayList<>();
    private final Instant now;
    private int ignored;

    private Reconciler(Instant now) {
        this.now = now;
    }

    /** @param count 0 for a job that was stopped */
    public static Changes reconcile(int count, Collection<Slot> slots, Instant now) {
        return new Reconciler(now).changes(count, slots);
    }

    private Changes changes(int count, Collection<Slot> slots) {
        List<Slot> kept = withoutDoubles(slots);
        while (kept.size() > count) {
            stops.add(new Stop(kept.removeLast().id(), Reason.NOT_NEEDED));
        }
        kept.forEach(this::keepOrReplace);
        Set<Integer> taken = new HashSet<>();
        kept.forEach(slot -> taken.add(slot.index()));
        IntStream.iterate(0, i -> i + 1)
                .filter(i -> !taken.contains(i))
                .limit(count - kept.size())
                .forEach(i -> places.add(new Place(i, Optional.empty(), false)));
        return new Changes(List.copyOf(stops), List.copyOf(places), List.copyOf(later), ignored);
    }

    /** In the order of their indexes. Of two with the same one the older goes; there should never be two. */
    private List<Slot> withoutDoubles(Collection<Slot> slots) {
        List<Slot> ordered = new ArrayList<>(slots);
        ordered.sort(
                comparingInt(Slot::index).thenComparing(comparingLong(Slot::age).reversed()));
        List<Slot> kept = new ArrayList<>();
        for (Slot slot : ordered) {
            if (!kept.isEmpty() && kept.getLast().index() == slot.index()) {
                stops.add(new Stop(slot.id(), Reason.NOT_NEEDED));
            } else {
                kept.add(slot);
            }
        }
        return kept;
    }

    private void keepOrReplace(Slot slot) {
        if (slot.migrating() && slot.phase() instanceof Slot.Live) {
            replace(slot, Reason.MIGRATED);
        } else if (slot.outdated() && !(slot.phase() instanceof Slot.Done)) {
            replace(slot, Reason.UPDATED);
        } else if (slot.phase() instanceof Slot.Failed(Optional<Instant> retryAt) && retryAt.isPresent()) {
            retry(slot, retryAt.get());
        } else {
            ignored++;
        }
    }

    private void retry(Slot slot, Instant at) {
        if (!at.isAfter(now)) {
            replace(slot, Reason.RESCHEDULED);
        } else {
            ignored++;
            if (!slot.followUpPlanned()) {
                later.add(new Later(slot.id(), at));
            }
        }
    }

    private void replace(Slot slot, Reason reason) {
        stops.add(new Stop(slot.id(), reason));
        places.add(new Place(slot.index(), Optional.of(slot.id()), reason == Reason.RESCHEDULED));
    }
}
