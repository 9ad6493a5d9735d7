// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import static java.lang.System.Logger.Level.WARNING;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import serai.peer.Leases;
import serai.pool.PoolId;
import serai.server.ServerResources;
import serai.signal.Signals;
import serai.signal.Topic;

/**
 * Pools that want to be looked at now. Of several servers one looks at a pool, as long as it does so: the others ask it to. A pool is
 * the work of its own thread and has a lease of its own, so one that is stuck delays no other.
 */
@ApplicationScoped
public class Reconciliations {
    private static final System.Logger LOG = System.getLogger(Reconciliations.class.getName());
    private static final String LEASE = "pool ";

    /**
     * Between the beginnings of two looks at a pool. Who calls a warm function in a loop is often faster than its container is
     * back for more, and a look costs more than the call.
     */
    private static final Duration PACE = Duration.ofMillis(50);

    private final PoolScaler scaler;
    private final Leases leases;
    private final Signals signals;
    private final ConcurrentHashMap<PoolId, Ask> asked = new ConcurrentHashMap<>();

    /** When the last look at a pool began, by {@link System#nanoTime}. */
    private final Cache<PoolId, Long> begun = Caffeine.newBuilder()
            .expireAfterWrite(PACE)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService virtual;

    private Executor executor = work -> virtual.execute(work);

    @Inject
    public Reconciliations(PoolScaler scaler, Leases leases, Signals signals) {
        this.scaler = scaler;
        this.leases = leases;
        this.signals = signals;
    }

    public Reconciliations(PoolScaler scaler, Leases leases, Signals signals, Executor executor) {
        this(scaler, leases, signals);
        this.executor = executor;
    }

    public Reconciliations() {
        this(null, null, null); // for the server's proxy
    }

    /** Those of the pools that this server looks at, or may look at as no other does. */
    public void requestOwn(Collection<PoolId> pools) {
        leases.hold(pools.stream().map(Reconciliations::lease).toList())
                .forEach(lease -> request(new PoolId(lease.substring(LEASE.length()))));
    }

    /** Another server was asked for it, and asks whoever looks at it. */
    public void requestIfOwn(PoolId pool) {
        if (leases.holds(lease(pool))) {
            request(pool);
        }
    }

    private static String lease(PoolId pool) {
        return LEASE + pool.value();
    }

    /**
     * Returns at once. For one pool, one look is under way and at most one waits. The first is done at once, so that a pool at zero
     * does not wait for its container.
     */
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
            if (!isTime(pool)) {
                asked.remove(pool);
                return;
            }
            asked.put(pool, Ask.ONCE);
            lookOrPassOn(pool).forEach(this::later);
        } while (asked.computeIfPresent(pool, (p, ask) -> ask == Ask.AGAIN ? ask : null) != null);
    }

    /** @return the looks that this one asks for */
    List<PoolScaler.FollowUp> lookOrPassOn(PoolId pool) {
        if (isOwn(pool)) {
            scaler.reconcile(pool, () -> leases.keeps(lease(pool)));
            return scaler.followUps(pool);
        }
        signals.tellElsewhere(Topic.pool(pool.value()));
        return List.of();
    }

    /** Waits until it is. @return false if the server goes down before */
    private boolean isTime(PoolId pool) {
        var before = begun.getIfPresent(pool);
        if (before != null) {
            try {
                Thread.sleep(PACE.minusNanos(System.nanoTime() - before));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        begun.put(pool, System.nanoTime());
        return true;
    }

    private boolean isOwn(PoolId pool) {
        try {
            return leases.hold(lease(pool));
        } catch (RuntimeException e) { // the database is away: the tick looks when it is back
            LOG.log(WARNING, "pool {0} is not looked at: {1}", pool, e.toString());
            return false;
        }
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
