// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A day of calls, the same for each seed.
 *
 * @param name for people
 * @param functions the calls of each function, in the order of their arrival
 */
record Traffic(String name, List<List<Call>> functions) {
    static final int DAY_S = 24 * 60 * 60;

    /** @param at milliseconds after midnight */
    record Call(long at, long millis) {}

    static List<Traffic> all(long seed) {
        return List.of(
                new Traffic("steady: 5 calls/s of 0.2 s", List.of(poisson(new Random(seed), t -> 5, 200))),
                new Traffic(
                        "diurnal: 0 to 20 calls/s of 0.3 s",
                        List.of(poisson(new Random(seed), t -> 10 * (1 - Math.cos(2 * Math.PI * t / DAY_S)), 300))),
                new Traffic(
                        "bursts: 50 to 300 calls of 1 to 5 s at once", List.of(bursts(new Random(seed), 1_000, 5_000))),
                new Traffic("bursts of tiny calls: 50 to 300 of 5 to 50 ms", List.of(bursts(new Random(seed), 5, 50))),
                new Traffic(
                        "1,000 rare functions: 6 calls a day of 1 to 30 s",
                        IntStream.range(0, 1_000)
                                .mapToObj(i -> rare(new Random(seed + i)))
                                .toList()));
    }

    private interface Rate {
        double at(double second);
    }

    private static List<Call> poisson(Random random, Rate rate, int meanMillis) {
        var calls = new ArrayList<Call>();
        for (double t = 0; t < DAY_S; ) {
            double now = Math.max(0.001, rate.at(t));
            t += Math.min(10, -Math.log(1 - random.nextDouble()) / now);
            if (t < DAY_S && random.nextDouble() * now < rate.at(t)) {
                calls.add(new Call((long) (1000 * t), Math.max(1, (long)
                        (-meanMillis * Math.log(1 - random.nextDouble())))));
            }
        }
        return calls;
    }

    private static List<Call> bursts(Random random, int shortest, int longest) {
        var calls = new ArrayList<Call>();
        for (double t = 0; t < DAY_S; t += 600 + 1_200 * random.nextDouble()) {
            int size = 50 + random.nextInt(251);
            for (int i = 0; i < size; i++) {
                calls.add(new Call(
                        (long) (1000 * (t + random.nextDouble())), shortest + random.nextInt(longest - shortest)));
            }
        }
        calls.sort(Comparator.comparingLong(Call::at));
        return calls;
    }

    private static List<Call> rare(Random random) {
        return IntStream.range(0, 6)
                .mapToObj(i -> new Call(random.nextInt(1000 * DAY_S), 1_000 + random.nextInt(29_000)))
                .sorted(Comparator.comparingLong(Call::at))
                .toList();
    }
}
