// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Works on so many calls at a time, and no more; whoever waits for something that is not the server's own does not count.
 *
 * <p>A virtual thread that loads a class keeps its carrier while it waits for the class loader. If as many do so as there are
 * carriers, and whoever has the class loader has none, nothing goes on for good. Seen when thousands of calls, which had waited for
 * a killed server, met its successor, whose classes are loaded by the first who need them.
 */
final class Turns {
    /** Carriers are left for whoever holds what the others wait for. */
    private static final int SHARE = 2;

    /** Afterwards a call goes on without: a database that stands still shall not keep the others from being told so. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final ScopedValue<Semaphore> TAKEN = ScopedValue.newInstance();

    private final Semaphore free;
    private final Duration patience;

    Turns(int atOnce, Duration patience) {
        this.free = new Semaphore(atOnce, true);
        this.patience = patience;
    }

    /** As many as the virtual machine's carriers allow. */
    static Turns ofCarriers() {
        int carriers = Integer.getInteger(
                "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
        return new Turns(Math.max(1, carriers / SHARE), PATIENCE);
    }

    /** @return the work, as it waits for its turn first */
    Runnable inTurn(Runnable work) {
        return () -> {
            boolean taken = false;
            try {
                taken = free.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the work is told, if it cares
            }
            if (!taken) {
                work.run();
                return;
            }
            try {
                ScopedValue.where(TAKEN, free).run(work);
            } finally {
                free.release();
            }
        };
    }

    /** Something that may take long, and is not the server's to hasten. */
    @FunctionalInterface
    interface Wait {
        void end() throws InterruptedException;
    }

    /** Waits without a turn, if the caller has one, and takes it again. */
    static void without(Wait wait) throws InterruptedException {
        if (!TAKEN.isBound()) {
            wait.end();
            return;
        }
        TAKEN.get().release();
        try {
            wait.end();
        } finally {
            TAKEN.get().acquireUninterruptibly();
        }
    }
}
