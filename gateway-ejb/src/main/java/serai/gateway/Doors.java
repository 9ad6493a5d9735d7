// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import static java.lang.System.Logger.Level.WARNING;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import serai.autoscale.Reconciliations;
import serai.database.DatabaseClock;
import serai.event.Event;
import serai.event.Events;
import serai.peer.Servers;
import serai.pool.PoolId;
import serai.serve.Door;
import serai.serve.Serving;
import serai.server.ServerContext;
import serai.signal.Signals;
import serai.signal.Topic;
import serai.web.WebEndpoint;

/**
 * Containers that serve HTTP, and requests that wait for one. Which of them are there is looked up each second, and at once when
 * one comes; a request that finds one costs the database nothing, unless nobody has used it for a moment.
 */
@ApplicationScoped
class Doors {
    private static final System.Logger LOG = System.getLogger(Doors.class.getName());
    private static final Duration STALE = Duration.ofSeconds(1);

    /** A container that is not used for so long is given back: who calls in a loop is back sooner. */
    private static final Duration HELD = Duration.ofSeconds(1);

    private static final Duration AVOIDED = Duration.ofSeconds(2);
    private static final Duration FORGOTTEN = Duration.ofMinutes(10);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final Cache<PoolId, Known> known = Caffeine.newBuilder()
            .expireAfterAccess(FORGOTTEN)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private final Set<PoolId> told = ConcurrentHashMap.newKeySet();
    private final Serving serving;
    private final Servers servers;
    private final Reconciliations reconciliations;
    private final Signals signals;
    private final Events events;
    private final DatabaseClock clock;
    private final ServerContext context;

    @Inject
    Doors(
            Serving serving,
            Servers servers,
            Reconciliations reconciliations,
            Signals signals,
            Events events,
            DatabaseClock clock,
            ServerContext context) {
        this.events = events;
        this.serving = serving;
        this.servers = servers;
        this.reconciliations = reconciliations;
        this.signals = signals;
        this.clock = clock;
        this.context = context;
    }

    Doors() {
        this(null, null, null, null, null, null, null); // for the server's proxy
    }

    /** A pool, and when it was looked at last. */
    private static final class Known {
        final Balancer balancer;
        final ReentrantLock looking = new ReentrantLock();
        private volatile long lookedAt;
        private volatile Serving.Look look;

        Known(Balancer.Limits limits) {
            balancer = new Balancer(limits);
        }
    }

    /** One request's place in a container. Close it in any case. */
    interface Pass extends AutoCloseable {
        Door door();

        /** The container could not be reached: others are better for a moment. */
        void avoid();

        @Override
        void close();
    }

    /**
     * Waits for a container that takes one more request.
     *
     * @throws RetiredException if another pool has taken the place of this one
     * @throws RefusedException 429 if all are full, 503 if too many wait, or none came in time or at all
     */
    Pass enter(PoolId pool, WebEndpoint server, Balancer.Limits limits, Rules rules, Reply reply)
            throws RetiredException, ClientGoneException, InterruptedException {
        var at = known.get(pool, id -> new Known(limits));
        if (System.nanoTime() - at.lookedAt > STALE.toNanos() || at.look == null) {
            look(pool, at, System.nanoTime());
        }
        var pass = take(at.balancer);
        if (pass.isPresent()) {
            return pass.get();
        }
        refuseIfFull(at.balancer, server, limits);
        if (at.balancer.waiting() >= rules.maxWaiting()) {
            throw new RefusedException(Refusal.busy(
                    "%d requests wait for server '%s' already".formatted(rules.maxWaiting(), server.functionName()),
                    RETRY_AFTER));
        }
        boolean first = at.balancer.beginWaiting();
        try {
            return await(pool, at, server, limits, rules, reply, first);
        } finally {
            at.balancer.endWaiting();
        }
    }

    /** @return empty if there is something to wait for, or to be asked of the database */
    Optional<Pass> enterAtOnce(PoolId pool) {
        var at = known.getIfPresent(pool);
        if (at == null || at.look == null || System.nanoTime() - at.lookedAt > STALE.toNanos()) {
            return Optional.empty();
        }
        return at.balancer.takeHeld(System.nanoTime()).map(backend -> new Entered(at.balancer, backend));
    }

    private Pass await(
            PoolId pool, Known at, WebEndpoint server, Balancer.Limits limits, Rules rules, Reply reply, boolean first)
            throws RetiredException, ClientGoneException, InterruptedException {
        var since = clock.instant();
        long begun = System.nanoTime();
        try (var waiter = signals.listen(Topic.work(pool.value()))) {
            if (first) {
                report(pool, at.balancer); // what waits is told before anybody counts it
            }
            context.run(() -> reconciliations.request(pool)); // transactions of the look need it
            while (true) {
                look(pool, at, System.nanoTime());
                var pass = take(at.balancer);
                if (pass.isPresent()) {
                    return pass.get();
                }
                if (!at.look.isOpen()) {
                    throw new RetiredException();
                }
                refuseIfFull(at.balancer, server, limits);
                refuseIfGivenUp(pool, at.look, server, since);
                if (reply.isGone()) {
                    throw new ClientGoneException("the connection has ended");
                }
                var left = rules.maxWait().minusNanos(System.nanoTime() - begun);
                if (!left.isPositive()) {
                    throw new RefusedException(Refusal.busy(
                            "no container of server '%s' was ready within %s"
                                    .formatted(server.functionName(), rules.maxWait()),
                            RETRY_AFTER));
                }
                waiter.await(left.compareTo(STALE) < 0 ? left : STALE);
            }
        }
    }

    private static void refuseIfFull(Balancer balancer, WebEndpoint server, Balancer.Limits limits) {
        if (balancer.isFull()) {
            throw new RefusedException(new Refusal(
                            429,
                            "server-full",
                            "Too many requests",
                            "each container of server '%s' has the %d requests that it may have"
                                    .formatted(server.functionName(), limits.most()))
                    .with("retry-after", "1"));
        }
    }

    private void refuseIfGivenUp(PoolId pool, Serving.Look look, WebEndpoint server, Instant since) {
        if (look.gaveUpAt().filter(at -> !at.isBefore(since)).isPresent()) {
            throw new RefusedException(Refusal.busy(
                    "containers of server '%s' do not start: %s"
                            .formatted(
                                    server.functionName(),
                                    events.lastReason(Event.Kind.GAVE_UP, server.functionId(), pool.value())
                                            .orElse("their starts fail")),
                    RETRY_AFTER));
        }
    }

    /** @param asked whoever looked since then has looked for us */
    private void look(PoolId pool, Known at, long asked) {
        at.looking.lock();
        try {
            if (at.look == null || at.lookedAt - asked < 0) {
                long now = System.nanoTime();
                at.look = serving.look(pool, servers.self().id());
                at.lookedAt = now;
                at.balancer.see(at.look.doors(), at.look.before());
            }
        } finally {
            at.looking.unlock();
        }
    }

    private Optional<Pass> take(Balancer balancer) {
        while (true) {
            var backend = balancer.take(System.nanoTime());
            if (backend.isEmpty()) {
                return Optional.empty();
            }
            var pass = new Entered(balancer, backend.get());
            if (isHeld(balancer, backend.get(), pass)) {
                return Optional.of(pass);
            }
            balancer.shut(backend.get());
        }
    }

    private boolean isHeld(Balancer balancer, Balancer.Backend backend, Pass pass) {
        boolean held = false;
        try {
            held = balancer.isHeld(backend) || hold(balancer, backend);
            return held;
        } finally {
            if (!held) {
                pass.close();
            }
        }
    }

    private boolean hold(Balancer balancer, Balancer.Backend backend) {
        backend.turn.lock();
        try {
            if (balancer.isHeld(backend)) {
                return true;
            }
            boolean held =
                    serving.hold(backend.door().containerId(), servers.self().id());
            if (held) {
                balancer.held(backend);
            }
            return held;
        } finally {
            backend.turn.unlock();
        }
    }

    private record Entered(Balancer balancer, Balancer.Backend backend, Door door) implements Pass {
        Entered(Balancer balancer, Balancer.Backend backend) {
            this(balancer, backend, backend.door());
        }

        @Override
        public void avoid() {
            balancer.avoid(backend, System.nanoTime() + AVOIDED.toNanos());
        }

        @Override
        public void close() {
            balancer.leave(backend, System.nanoTime());
        }
    }

    /**
     * Each second: tells what is under way, and gives back what is not used.
     *
     * @param released told which containers are not used any more
     */
    void tick(Consumer<String> released) {
        known.asMap().forEach((pool, at) -> {
            try {
                for (var backend : at.balancer.release(System.nanoTime() - HELD.toNanos())) {
                    release(at.balancer, backend);
                    released.accept(backend.door().containerId());
                }
                if (!report(pool, at.balancer).equals(Balancer.Report.NOTHING)) {
                    var _ = known.getIfPresent(pool); // not forgotten while it is in use
                }
            } catch (RuntimeException e) {
                LOG.log(WARNING, "what is under way for pool {0} is not told: {1}", pool, e.toString());
            }
        });
        told.retainAll(known.asMap().keySet());
    }

    private void release(Balancer balancer, Balancer.Backend backend) {
        backend.turn.lock();
        try {
            if (!balancer.isHeld(backend)) {
                serving.release(backend.door().containerId(), servers.self().id());
            }
        } catch (RuntimeException e) {
            LOG.log(
                    WARNING,
                    "container {0} is not given back yet: {1}",
                    backend.door().containerId(),
                    e.toString());
            balancer.held(backend); // the next tick tries again
        } finally {
            backend.turn.unlock();
        }
    }

    private Balancer.Report report(PoolId pool, Balancer balancer) {
        var now = balancer.report();
        boolean isNothing = now.equals(Balancer.Report.NOTHING);
        boolean isNews = isNothing ? told.remove(pool) : told.add(pool);
        // again and again: what this server holds may be taken from it while it stands still
        if (isNews || !isNothing) {
            serving.report(servers.self().id(), pool, now.waiting(), now.inUse()).stream()
                    .flatMap(id -> balancer.lose(id).stream())
                    .forEach(backend -> hold(balancer, backend));
        }
        return now;
    }
}
