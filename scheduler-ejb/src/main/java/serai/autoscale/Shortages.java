// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import serai.autoscale.Demands.Observation;
import serai.call.Inputs;
import serai.cluster.Shortage;
import serai.device.Gpu;
import serai.function.Functions;
import serai.log.Logs;
import serai.pool.PoolId;
import serai.pool.Pools;

/** Says that containers wait for a place, and for what: at the pool, and to whoever reads the app's logs. */
@ApplicationScoped
public class Shortages {
    private final Pools pools;
    private final Inputs inputs;
    private final Functions functions;
    private final Logs logs;

    @Inject
    public Shortages(Pools pools, Inputs inputs, Functions functions, Logs logs) {
        this.inputs = inputs;
        this.functions = functions;
        this.pools = pools;
        this.logs = logs;
    }

    public Shortages() {
        this(null, null, null, null); // for the server's proxy
    }

    /**
     * May be repeated.
     *
     * @param told what was logged last for this pool; null if nothing was
     * @return what is logged now: one line for each reason, as long as somebody waits
     */
    @Transactional
    public String begin(Observation seen, Shortage shortage, String told, Instant now) {
        var pool = seen.pool();
        int missing = shortage.missing();
        var why = "%s: %s".formatted(seen.gpu().map(Gpu::toString).orElse("a place"), shortage.reason());
        pools.unplaced(pool.id(), missing, why, now);
        pools.explain(
                pool.id(),
                "%d %s for %s".formatted(missing, missing == 1 ? "container waits" : "containers wait", why),
                now);
        if (why.equals(told) || !seen.demand().isWork()) {
            return told;
        }
        logs.note(
                pool.appId(),
                pool.functionId(),
                "Function '%s' waits for %s".formatted(seen.function().name(), why),
                now);
        return why;
    }

    @Transactional
    public void end(Observation seen, String reason, Instant now) {
        pools.placed(seen.pool().id(), now);
        pools.explain(seen.pool().id(), reason, now);
    }

    /** The pool cannot be scaled. @return whether somebody waits for it, and was told */
    @Transactional
    public boolean trouble(PoolId id, String why, Instant now) {
        pools.explain(id, why, now);
        return tell(id, "waits: " + why, now);
    }

    /** The pool is scaled again. */
    @Transactional
    public void recovered(PoolId id, Instant now) {
        tell(id, "is scaled again", now);
    }

    private boolean tell(PoolId id, String words, Instant now) {
        var pool = pools.get(id);
        if (inputs.load(pool.queue()).pending() == 0) {
            return false;
        }
        var function = functions.find(pool.functionId()).orElseThrow();
        logs.note(pool.appId(), pool.functionId(), "Function '%s' %s".formatted(function.name(), words), now);
        return true;
    }

    /** The pool asks for less now. @param unplaced how many of the rest have no place */
    @Transactional
    public void shrink(Observation seen, int unplaced, Instant now) {
        var id = seen.pool().id();
        if (unplaced <= 0) {
            pools.placed(id, now);
        } else {
            seen.pool().unplaced().ifPresent(before -> pools.unplaced(id, unplaced, before.reason(), now));
        }
    }

    /** The pool asks for less, so that the next rank may ask for what it has no place for. */
    @Transactional
    public void giveWay(Observation seen, int unplaced, Instant until, Instant now) {
        shrink(seen, unplaced, now);
        pools.close(seen.pool().id(), until);
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
