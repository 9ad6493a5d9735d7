// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import serai.autoscale.Decision.GiveUp;
import serai.autoscale.Decision.Hold;
import serai.autoscale.Decision.Remove;
import serai.autoscale.Decision.ScaleDown;
import serai.autoscale.Decision.ScaleUp;
import serai.autoscale.Decision.Stay;
import serai.autoscale.Demand.Activity;
import serai.autoscale.Demand.Replica;
import serai.function.AutoscalerSettings;

/**
 * How many containers a pool should have. No clock, no database, no memory of earlier ticks. A pool loses its highest
 * ordinals first (ADR 0002), so only what is free from the top on is given up.
 *
 * @param crashLimit starts in a row that fail before the pool gives up
 */
record ScalingPolicy(AutoscalerSettings settings, int crashLimit) {
    /** How long containers that are kept without work stay away after their starts failed. */
    static final Duration COOL_DOWN = Duration.ofMinutes(1);

    /** How many containers may start before any is ready. */
    static final int FIRST_STEP = 4;

    /** @return a size within min and max; only containers idle for the whole scaledown window are given up */
    Decision decide(Demand demand, Instant now) {
        if (demand.failures() >= crashLimit && !demand.isAnyReady()) {
            return new GiveUp("%d starts in a row failed".formatted(demand.failures()));
        }
        int wanted = wanted(demand, now);
        if (wanted > demand.size() && demand.most() <= demand.size()) {
            return new Stay("its workspace has all the containers that it may have");
        }
        wanted = Math.min(wanted, Math.max(demand.size(), demand.most()));
        if (wanted > demand.size()) {
            return new ScaleUp(
                    wanted,
                    "%s: %d of at most %d containers".formatted(work(demand), wanted, settings.maxContainers()));
        }
        var expired = now.minus(settings.scaledownWindow());
        int to = lowestFree(demand, wanted, expired, r -> r.isIdleSince(expired));
        if (to < demand.size()) {
            if (demand.trend().isInBurst(settings.scaledownWindow(), now)) {
                return new Stay("more arrived at once than there was room for: nothing is given up for %s"
                        .formatted(inSeconds(settings.scaledownWindow())));
            }
            return shrink(demand, to, "idle for %s".formatted(inSeconds(settings.scaledownWindow())));
        }
        return new Hold(work(demand));
    }

    /**
     * For a pool that takes nothing new: what runs is finished, what does not run is let go.
     *
     * @param grace for a container that was told to end by itself
     */
    Decision retire(Demand demand, Instant now, Duration grace) {
        var told = now.minus(grace);
        int to = lowestFree(
                demand, 0, Instant.MAX, r -> r.isIdleSince(told) || r.activity() instanceof Activity.Starting);
        if (to == 0 && demand.replicas().stream().allMatch(r -> r.ordinal() < demand.size() || !isBusy(r))) {
            return new Remove("nothing is left to finish");
        }
        return to < demand.size()
                ? shrink(demand, to, "its app has moved on")
                : new Hold("finishes %d inputs".formatted(demand.running()));
    }

    private static boolean isBusy(Replica replica) {
        return replica.activity() instanceof Activity.Busy;
    }

    /** @return how many containers there should be by now */
    int wanted(Demand demand, Instant now) {
        if (!demand.isWork() && isCoolingDown(demand, now)) {
            return 0;
        }
        int spare = demand.isWork() ? settings.bufferContainers() : 0;
        long wanted = (long) demand.containersNeeded() + spare;
        return Math.clamp(
                demand.pace().input().isPresent() ? wanted : Math.min(wanted, Math.max(ramp(demand), demand.size())),
                settings.minContainers(),
                settings.maxContainers());
    }

    /**
     * The most that may be asked for while nobody knows how long an input takes. A thousand tiny inputs are done before a hundred containers
     * have started, so growth doubles with what is ready: 4, 12, 28, 60. It bounds growth alone: nothing is given up for it.
     */
    private static int ramp(Demand demand) {
        return 2 * demand.ready() + FIRST_STEP;
    }

    private static boolean isCoolingDown(Demand demand, Instant now) {
        return demand.gaveUpAt().filter(at -> now.isBefore(at.plus(COOL_DOWN))).isPresent();
    }

    /** The lowest total, not below {@code floor}, above which every place is free. */
    private static int lowestFree(Demand demand, int floor, Instant emptyBefore, Predicate<Replica> isFree) {
        boolean emptyIsFree = !demand.sizedAt().isAfter(emptyBefore);
        int to = demand.size();
        while (to > floor) {
            var there = demand.at(to - 1);
            if (there.isEmpty() ? !emptyIsFree : !there.stream().allMatch(isFree)) {
                break;
            }
            to--;
        }
        return to;
    }

    private static ScaleDown shrink(Demand demand, int to, String why) {
        var draining = IntStream.range(to, demand.size())
                .boxed()
                .flatMap(ordinal -> demand.at(ordinal).stream())
                .filter(r -> !r.draining())
                .sorted(Comparator.comparingInt(Replica::ordinal))
                .map(Replica::id)
                .toList();
        return new ScaleDown(to, draining, "%s: from %d to %d containers".formatted(why, demand.size(), to));
    }

    private static String work(Demand demand) {
        return "%d inputs wait, %d run".formatted(demand.pending(), demand.running());
    }

    private static String inSeconds(Duration window) {
        return window.toMillis() % 1000 == 0 ? window.toSeconds() + " s" : window.toMillis() + " ms";
    }
}
