// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Runs things at their time, each on a virtual thread of its own. */
public final class Alarm implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Alarm.class.getName());

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("alarm").factory());

    /** @param pause by the clock that nobody sets; work that is overdue is done at once */
    public void in(Duration pause, Runnable work) {
        var _ = timer.schedule(
                () -> Thread.startVirtualThread(() -> guarded(work)), pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static void guarded(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "work that was due failed", e);
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
