// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.IntStream;
import serai.autoscale.Demand.Activity;
import serai.autoscale.Demand.Replica;
import serai.function.AutoscalerSettings;

/** Ours: the policy with what its shell sees. */
final class SeraiScaler implements Scaler {
    static final AutoscalerSettings SETTINGS = new AutoscalerSettings(0, 100, 0, Duration.ofSeconds(60));

    private final ScalingPolicy policy = new ScalingPolicy(SETTINGS, 3);
    private Trend trend = Trend.NONE;

    @Override
    public Duration period() {
        return Duration.ofSeconds(1);
    }

    @Override
    public int look(TrafficPool pool, boolean isArrival) {
        int pending = pool.waiting.size();
        int running = pool.running();
        var replicas = IntStream.range(0, pool.places.size())
                .mapToObj(i -> new Replica("ta-" + i, i, false, activity(pool, pool.places.get(i))))
                .toList();
        var now = pool.instant();
        int ready = (int) replicas.stream()
                .filter(r -> !(r.activity() instanceof Activity.Starting))
                .count();
        trend = trend.seen(pending + running, ready, SETTINGS.scaledownWindow(), now);
        var demand = new Demand(
                pending,
                running,
                1,
                replicas,
                replicas.size(),
                Instant.EPOCH.plusMillis(pool.resizedAt),
                0,
                Optional.empty(),
                pace(pool, pending),
                trend,
                Integer.MAX_VALUE);
        return switch (policy.decide(demand, now)) {
            case Decision.ScaleUp up -> up.to();
            case Decision.ScaleDown down -> down.to();
            case Decision.Hold hold -> replicas.size();
            case Decision.Stay stay -> replicas.size();
            case Decision.GiveUp giveUp -> throw new AssertionError(giveUp);
            case Decision.Remove remove -> throw new AssertionError(remove);
        };
    }

    /** As the scaler's shell: of what the containers that are there did last. */
    private static Pace pace(TrafficPool pool, int pending) {
        if (pending <= ScalingPolicy.FIRST_STEP || pool.lately.isEmpty()) {
            return Pace.UNKNOWN;
        }
        var mean = pool.lately.stream().mapToLong(Long::longValue).average().orElseThrow();
        return new Pace(Optional.of(Duration.ofMillis((long) mean)), Pace.UNKNOWN.start());
    }

    private static Activity activity(TrafficPool pool, TrafficPool.Place place) {
        if (!place.isReady(pool.now)) {
            return new Activity.Starting();
        }
        return place.idleSince < 0 ? new Activity.Busy() : new Activity.Idle(Instant.EPOCH.plusMillis(place.idleSince));
    }
}
