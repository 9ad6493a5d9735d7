// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import serai.pool.PoolId;
import serai.server.ServerResources;

/** Pools that want to be looked at now. */
@ApplicationScoped
public class Reconciliations {
    private final PoolScaler scaler;
    private final ConcurrentHashMap<PoolId, Ask> asked = new ConcurrentHashMap<>();

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService virtual;

    private Executor executor = work -> virtual.execute(work);

    @Inject
    public Reconciliations(PoolScaler scaler) {
        this.scaler = scaler;
    }

    public Reconciliations(PoolScaler scaler, Executor executor) {
        this.scaler = scaler;
        this.executor = executor;
    }

    public Reconciliations() {
        this(null); // for the server's proxy
    }

    /** Returns at once. For one pool, one look is under way and at most one waits. */
    public void request(PoolId pool) {
        if (asked.merge(pool, Ask.ONCE, (present, again) -> Ask.AGAIN) == Ask.ONCE) {
            start(pool);
        }
    }

    private void start(PoolId pool) {
        try {
            executor.execute(() -> look(pool));
        } catch (RuntimeException e) { // the server is going down
            asked.remove(pool);
            throw e;
        }
    }

    private void look(PoolId pool) {
        do {
            asked.put(pool, Ask.ONCE);
            scaler.reconcile(pool);
            scaler.followUps(pool).forEach(this::later);
        } while (asked.computeIfPresent(pool, (p, ask) -> ask == Ask.AGAIN ? ask : null) != null);
    }

    private void later(PoolScaler.FollowUp look) {
        executor.execute(() -> {
            try {
                Thread.sleep(look.after());
                request(look.pool());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the server is going down
            }
        });
    }

    private enum Ask {
        ONCE,
        AGAIN
    }
}
