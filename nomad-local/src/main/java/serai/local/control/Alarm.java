// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import serai.local.state.UnwritableException;

/** Runs things at their time, each on a virtual thread of its own. */
public final class Alarm implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Alarm.class.getName());

    private static final Duration DISK_PAUSE = Duration.ofSeconds(1);

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("alarm").factory());

    /**
     * Does it at its time, unless the agent ends before.
     *
     * @param pause by the clock that nobody sets; work that is overdue is done at once
     */
    public void in(Duration pause, Runnable work) {
        try {
            var _ = timer.schedule(
                    () -> Thread.startVirtualThread(() -> guarded(work)), pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.log(Level.DEBUG, "work is left to the next agent");
        }
    }

    /**
     * Does now what has to be done whatever the disk says, and again and again while that has no room.
     *
     * @param what for the log
     */
    public void untilWritten(String what, Runnable work) {
        attempt(Level.WARNING, what, work);
    }

    private void attempt(Level level, String what, Runnable work) {
        try {
            work.run();
        } catch (UnwritableException e) {
            LOG.log(level, "{0} waits: {1}", what, e.getMessage());
            in(DISK_PAUSE, () -> attempt(Level.DEBUG, what, work)); // one line is enough, and the log needs room too
        }
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
