// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;
import java.util.ArrayDeque;

/**
 * Knative's pod autoscaler, as its documentation and {@code pkg/autoscaler/scaling} describe it, with its defaults: the
 * average concurrency over a stable window of 60 s and a panic window of 6 s, divided by 70 % of what a container takes;
 * panic at twice the ready capacity, in which nothing is given up; looks each 2 s; the activator starts the first one at once;
 * the last one goes 30 s after the stable window. It is sampled each second.
 */
final class KnativeLikeScaler implements Scaler {
    private static final double TARGET = 0.7;
    private static final int STABLE_S = 60;
    private static final int PANIC_S = 6;
    private static final int TICK_S = 2;
    private static final int GRACE_S = 30;
    private static final double PANIC_THRESHOLD = 2.0;
    private static final int MAX = 100;

    private final ArrayDeque<double[]> samples = new ArrayDeque<>(); // second, concurrency
    private double panickedAt = Double.NEGATIVE_INFINITY;
    private int panicSize;
    private int ticks;
    private int desired;

    @Override
    public Duration period() {
        return Duration.ofSeconds(1);
    }

    @Override
    public int look(TrafficPool pool, boolean isArrival) {
        double now = pool.now / 1000.0;
        int size = pool.places.size();
        if (isArrival) {
            samples.add(new double[] {now, pool.waiting.size() + pool.running()});
            desired = Math.max(1, size);
            return desired;
        }
        samples.add(new double[] {now, pool.waiting.size() + pool.running()});
        samples.removeIf(s -> s[0] <= now - STABLE_S - GRACE_S);
        if (ticks++ % TICK_S != 0) {
            return size;
        }
        int stable = (int) Math.ceil(average(now - STABLE_S) / TARGET);
        int panic = (int) Math.ceil(average(now - PANIC_S) / TARGET);
        long ready = pool.places.stream().filter(p -> p.isReady(pool.now)).count();
        if (panic / (double) Math.max(1, ready) >= PANIC_THRESHOLD) {
            if (now - panickedAt >= STABLE_S) {
                panicSize = 0;
            }
            panickedAt = now;
        }
        if (now - panickedAt < STABLE_S) {
            panicSize = Math.max(panicSize, Math.max(panic, size));
            desired = panicSize;
        } else {
            desired = stable;
        }
        if (desired == 0 && samples.stream().anyMatch(s -> s[1] > 0)) {
            desired = 1; // its grace
        }
        return Math.min(MAX, desired);
    }

    private double average(double after) {
        return samples.stream()
                .filter(s -> s[0] > after)
                .mapToDouble(s -> s[1])
                .average()
                .orElse(0);
    }
}
