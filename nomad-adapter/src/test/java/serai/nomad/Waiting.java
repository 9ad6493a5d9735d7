// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** For a condition, with a deadline. */
final class Waiting {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration PERIOD = Duration.ofMillis(20);

    private Waiting() {}

    static void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("after %s still not: %s".formatted(PATIENCE, what));
            }
            try {
                Thread.sleep(PERIOD);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
