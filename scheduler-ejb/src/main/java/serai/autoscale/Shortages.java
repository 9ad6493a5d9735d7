// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import serai.autoscale.Demands.Observation;
import serai.cluster.Shortage;
import serai.log.Logs;
import serai.pool.Pools;

/** Says that containers wait for a place, and for what: at the pool, and to whoever reads the app's logs. */
@ApplicationScoped
public class Shortages {
    private final Pools pools;
    private final Logs logs;

    @Inject
    public Shortages(Pools pools, Logs logs) {
        this.pools = pools;
        this.logs = logs;
    }

    public Shortages() {
        this(null, null); // for the server's proxy
    }

    /** May be repeated: only what is new is logged. */
    @Transactional
    public void begin(Observation seen, Shortage shortage, Instant now) {
        var pool = seen.pool();
        var why = seen.gpu().map(gpu -> gpu + ": ").orElse("") + shortage.reason();
        boolean isNews = pools.unplaced(pool.id(), shortage.missing(), why, now);
        pools.explain(
                pool.id(),
                "%d %s for a place: %s"
                        .formatted(
                                shortage.missing(),
                                shortage.missing() == 1 ? "container waits" : "containers wait",
                                why),
                now);
        if (isNews && seen.demand().isWork()) {
            logs.note(
                    pool.appId(),
                    pool.functionId(),
                    "Function '%s' waits for %s".formatted(seen.function().name(), why),
                    now);
        }
    }

    @Transactional
    public void end(Observation seen, String reason, Instant now) {
        pools.placed(seen.pool().id());
        pools.explain(seen.pool().id(), reason, now);
    }

    /** The pool asks for less, so that the next rank may ask for what it has no place for. */
    @Transactional
    public void giveWay(Observation seen, int unplaced, Instant until, Instant now) {
        var id = seen.pool().id();
        if (unplaced == 0) {
            pools.placed(id);
        } else {
            pools.unplaced(id, unplaced, seen.pool().unplaced().orElseThrow().reason(), now);
        }
        pools.close(id, until);
    }

    /** A rank is asked because a better one has no place. */
    @Transactional
    public void insteadOf(Observation seen, Instant now) {
        logs.note(
                seen.pool().appId(),
                seen.pool().functionId(),
                "Function '%s': %s is asked for instead"
                        .formatted(seen.function().name(), seen.gpu().orElseThrow()),
                now);
    }
}
