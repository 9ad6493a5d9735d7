// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.database;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;

/**
 * The clock that all servers share: the database's. It is read now and then; in between, and while the database is away, time goes on by
 * the machine's clock that cannot be set. So a server whose own clock is set, or goes wrong, notices nothing.
 */
@ApplicationScoped
public class DatabaseClock implements InstantSource {
    private static final System.Logger LOG = System.getLogger(DatabaseClock.class.getName());

    /** What a reading may differ by: the way to the database and back, on a busy machine. */
    private static final Duration STEP = Duration.ofSeconds(2);

    private final Supplier<Instant> read;
    private final LongSupplier nanos;
    private Instant seen;
    private long seenAt;

    @Inject
    public DatabaseClock(Jdbi jdbi) {
        this(
                () -> jdbi.withHandle(handle -> handle.createQuery("select clock_timestamp()")
                        .mapTo(Timestamp.class)
                        .one()
                        .toInstant()),
                System::nanoTime);
    }

    public DatabaseClock() {
        this(null, null); // for the server's proxy
    }

    /**
     * @param read the clock that may be set
     * @param nanos one that cannot
     */
    public DatabaseClock(Supplier<Instant> read, LongSupplier nanos) {
        this.read = read;
        this.nanos = nanos;
    }

    /** Reads the database's clock. To be called every few seconds. */
    public void adjust() {
        var now = read.get(); // outside of the lock: it may take its time
        synchronized (this) {
            if (seen != null) {
                var expected = expected();
                var step = Duration.between(expected, now);
                if (step.abs().compareTo(STEP) > 0) {
                    LOG.log(WARNING, "the database''s clock was set, by {0}, to {1}", step, now);
                }
            }
            seen = now;
            seenAt = nanos.getAsLong();
        }
    }

    @Override
    public Instant instant() {
        synchronized (this) {
            if (seen != null) {
                return expected();
            }
        }
        adjust();
        return instant();
    }

    private Instant expected() {
        return seen.plusNanos(nanos.getAsLong() - seenAt);
    }
}
