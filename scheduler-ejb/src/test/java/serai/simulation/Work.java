// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.simulation;

import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * What an input does to whoever runs it.
 *
 * @param millis how long it takes
 * @param failures attempts that raise before one succeeds
 * @param isPoison whether it ends its container
 * @param isDeaf whether it goes on when it is cancelled
 * @param isCancelled whether its client gives it up
 */
record Work(int millis, int failures, boolean isPoison, boolean isDeaf, boolean isCancelled) {
    static Work of(World world) {
        int millis = (int) Math.pow(10, 1 + 3.3 * world.random.nextDouble()); // 10 ms to 20 s
        if (world.random.nextInt(20) == 0) {
            millis *= 10; // above its time limit
        }
        return new Work(
                millis,
                world.random.nextInt(5) == 0 ? world.random.nextInt(4) : 0,
                world.random.nextInt(40) == 0,
                world.random.nextInt(10) == 0,
                world.random.nextInt(8) == 0);
    }

    byte[] payload() {
        return ByteBuffer.allocate(11)
                .putInt(millis)
                .putInt(failures)
                .put((byte) (isPoison ? 1 : 0))
                .put((byte) (isDeaf ? 1 : 0))
                .put((byte) (isCancelled ? 1 : 0))
                .array();
    }

    static Work of(byte[] payload) {
        var read = ByteBuffer.wrap(payload);
        return new Work(read.getInt(), read.getInt(), read.get() == 1, read.get() == 1, read.get() == 1);
    }

    Duration takes() {
        return Duration.ofMillis(millis);
    }
}
