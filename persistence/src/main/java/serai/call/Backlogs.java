// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Jdbi;
import serai.config.CallConfig;
import serai.problem.Problem;

/**
 * Keeps queues from growing without end: whoever adds to one that is full is told to wait. How long a queue is, is counted at
 * most once a second for each server and pool, so that the limit may be passed by what arrives in that time.
 */
@ApplicationScoped
public class Backlogs {
    private static final long COUNTED_NS = Duration.ofSeconds(1).toNanos();
    private static final int REMEMBERED = 10_000;

    private final Jdbi jdbi;
    private final int limit;
    private final ConcurrentHashMap<String, Count> counts = new ConcurrentHashMap<>();

    @Inject
    public Backlogs(Jdbi jdbi, CallConfig settings) {
        this(jdbi, settings.maxPending());
    }

    Backlogs(Jdbi jdbi, int limit) {
        this.jdbi = jdbi;
        this.limit = limit;
    }

    public Backlogs() {
        this(null, 0); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link Problem#BACKLOG_FULL}: the same request may be sent again later */
    public void mustHaveRoom(Target target) {
        long now = System.nanoTime();
        var seen = counts.get(target.poolId());
        if (seen == null || now - seen.at > COUNTED_NS) {
            if (counts.size() >= REMEMBERED) {
                counts.clear();
            }
            seen = new Count(now, isFull(target.poolId()));
            counts.put(target.poolId(), seen);
        }
        if (seen.full) {
            throw Problem.BACKLOG_FULL.because(
                    "%d inputs of function '%s' wait already, which is the most that may",
                    limit, target.functionName());
        }
    }

    private boolean isFull(String pool) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        select count(*) >= :limit from (
                            select 1 from input where pool_id = :pool and state = 'PENDING' order by seq limit :limit) waiting""")
                .bind("pool", pool)
                .bind("limit", limit)
                .mapTo(Boolean.class)
                .one());
    }

    private record Count(long at, boolean full) {}
}
