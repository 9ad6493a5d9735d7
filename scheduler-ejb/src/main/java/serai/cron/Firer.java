// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cron;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import serai.config.ScheduleConfig;
import serai.schedule.Firings;
import serai.schedule.Schedules;
import serai.server.ServerResources;

/** One look at the clock. Each schedule that is due fires on a thread of its own: one that hangs or fails delays no other. */
@ApplicationScoped
public class Firer {
    private static final System.Logger LOG = System.getLogger(Firer.class.getName());

    /** In one look. Others follow in the next second. */
    private static final int MOST_DUE = 1_000;

    /** At a time: a quarter of the connections that the server has. */
    private static final int ABREAST = 8;

    /** For a lock that somebody else has. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** After a failure, before the same schedule is tried again. */
    private static final Duration REST = Duration.ofSeconds(10);

    private static final int FORGOTTEN_AT_ONCE = 1_000;

    private final Firings firings;
    private final Schedules schedules;
    private final ScheduleConfig settings;
    private final Set<String> underWay = ConcurrentHashMap.newKeySet();
    private final Map<String, Instant> resting = new ConcurrentHashMap<>();
    private final Semaphore abreast = new Semaphore(ABREAST);
    private InstantSource clock = InstantSource.system();

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService virtual;

    private Executor executor = work -> virtual.execute(work);

    @Inject
    public Firer(Firings firings, Schedules schedules, ScheduleConfig settings) {
        this.firings = firings;
        this.schedules = schedules;
        this.settings = settings;
    }

    public Firer(
            Firings firings, Schedules schedules, ScheduleConfig settings, Executor executor, InstantSource clock) {
        this(firings, schedules, settings);
        this.executor = executor;
        this.clock = clock;
    }

    public Firer() {
        this(null, null, null); // for the server's proxy
    }

    /** Begins what is due and returns. */
    public void fire() {
        var now = clock.instant();
        resting.values().removeIf(until -> !until.isAfter(now));
        for (var schedule : firings.due(now, MOST_DUE + resting.size())) {
            if (!resting.containsKey(schedule) && underWay.add(schedule)) {
                begin(schedule, now);
            }
        }
    }

    private void begin(String schedule, Instant now) {
        try {
            executor.execute(() -> {
                try {
                    fire(schedule, now);
                } finally {
                    underWay.remove(schedule);
                }
            });
        } catch (RuntimeException e) { // the server is going down; the next one fires it
            underWay.remove(schedule);
            throw e;
        }
    }

    private void fire(String schedule, Instant now) {
        abreast.acquireUninterruptibly();
        try {
            var calls = firings.fire(schedule, now, settings.tolerance(), PATIENCE);
            LOG.log(DEBUG, "schedule {0} fired {1}", schedule, calls);
        } catch (RuntimeException e) {
            resting.put(schedule, now.plus(REST));
            LOG.log(
                    WARNING,
                    "schedule " + schedule + " did not fire; it is tried again in " + REST.toSeconds() + " s",
                    e);
        } finally {
            abreast.release();
        }
    }

    /** Schedules whose app was published or stopped by a server that died over it. */
    public void follow() {
        for (var app : schedules.strayed()) {
            schedules.follow(app, clock.instant());
        }
    }

    public void forget() {
        var before = clock.instant().minus(settings.retention());
        int forgotten;
        do {
            forgotten = schedules.forget(before, FORGOTTEN_AT_ONCE);
        } while (forgotten == FORGOTTEN_AT_ONCE);
    }
}
