// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A pool's work and what it has to do it.
 *
 * @param pending inputs that wait
 * @param running inputs that containers work on
 * @param concurrency inputs that a container works on at a time, at least 1
 * @param replicas containers that have not ended, in no order
 * @param size the total that was asked of the cluster last: its places are the ordinals below
 * @param sizedAt when that was
 * @param failures starts in a row that failed
 * @param gaveUpAt when its starts failed too often and nothing has arrived since
 * @param pace how long its inputs and starts take
 * @param trend how its work came lately
 * @param most containers that its workspace lets it have
 */
public record Demand(
        int pending,
        int running,
        int concurrency,
        List<Replica> replicas,
        int size,
        Instant sizedAt,
        int failures,
        Optional<Instant> gaveUpAt,
        Pace pace,
        Trend trend,
        int most) {
    public Demand {
        if (pending < 0 || running < 0 || concurrency < 1 || size < 0) {
            throw new IllegalArgumentException(
                    "pending %d, running %d, concurrency %d, size %d".formatted(pending, running, concurrency, size));
        }
        replicas = List.copyOf(replicas);
    }

    /** Of which nothing more is known. */
    Demand(
            int pending,
            int running,
            int concurrency,
            List<Replica> replicas,
            int size,
            Instant sizedAt,
            int failures,
            Optional<Instant> gaveUpAt) {
        this(
                pending,
                running,
                concurrency,
                replicas,
                size,
                sizedAt,
                failures,
                gaveUpAt,
                Pace.UNKNOWN,
                Trend.NONE,
                Integer.MAX_VALUE);
    }

    /** The same pool, with what is known from earlier looks. */
    Demand seen(Pace known, Trend lately) {
        return new Demand(
                pending, running, concurrency, replicas, size, sizedAt, failures, gaveUpAt, known, lately, most);
    }

    /** The same pool, with only some of the inputs that wait. */
    Demand of(int share) {
        return new Demand(share, running, concurrency, replicas, size, sizedAt, failures, gaveUpAt, pace, trend, most);
    }

    /** @return the lowest total that takes no place from a container */
    int occupied() {
        return replicas.stream().mapToInt(r -> r.ordinal() + 1).max().orElse(0);
    }

    boolean isWork() {
        return pending + running > 0;
    }

    /** @return the fewest containers that could work on everything at once, but for what is over before one could start */
    int containersNeeded() {
        return Math.ceilDiv(running + pace.slotsFor(pending), concurrency);
    }

    /** @return how many places have a container that may work, now or as soon as it is ready */
    int usable() {
        return (int) replicas.stream()
                .filter(r -> !r.draining() && r.ordinal() < size)
                .mapToInt(Replica::ordinal)
                .distinct()
                .count();
    }

    boolean isAnyReady() {
        return ready() > 0;
    }

    /** @return how many containers have asked for work */
    int ready() {
        return (int) replicas.stream()
                .filter(r -> !(r.activity() instanceof Activity.Starting))
                .count();
    }

    List<Replica> at(int ordinal) {
        return replicas.stream().filter(r -> r.ordinal() == ordinal).toList();
    }

    /**
     * One container.
     *
     * @param draining whether it claims no more
     */
    public record Replica(String id, int ordinal, boolean draining, Activity activity) {
        boolean isIdleSince(Instant before) {
            return activity instanceof Activity.Idle(Instant since) && !since.isAfter(before);
        }
    }

    /** What a container does. */
    public sealed interface Activity {
        /** It has not asked for work yet. */
        record Starting() implements Activity {}

        record Busy() implements Activity {}

        record Idle(Instant since) implements Activity {}
    }
}
