// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.container;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import serai.event.Event;
import serai.event.Events;
import serai.id.NewId;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.signal.Signals;
import serai.signal.Topic;
import serai.workspace.Environment;
import serai.workspace.Tenant;

/** Containers, from the moment that their runner presents itself. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Containers {
    private final EntityManager em;
    private final Jdbi jdbi;
    private final Signals signals;
    private final Events events;

    @Inject
    public Containers(EntityManager em, Jdbi jdbi, Signals signals, Events events) {
        this.em = em;
        this.jdbi = jdbi;
        this.signals = signals;
        this.events = events;
    }

    public Containers() {
        this(null, null, null, null); // for the server's proxy
    }

    /**
     * Lets a runner in, once for each allocation.
     *
     * @throws serai.problem.ProblemException {@link Problem#CONTAINER_KNOWN} at the second time
     */
    public Admitted admit(Pool pool, String allocationId, int ordinal, String node, Instant now) {
        var known = em.createQuery("select count(c) from Container c where c.allocationId = :allocation", Long.class)
                .setParameter("allocation", allocationId)
                .getSingleResult();
        if (known > 0) {
            throw Problem.CONTAINER_KNOWN.because("allocation %s was let in before", allocationId);
        }
        var secret = NewId.of("cs");
        var container = new Container(pool, allocationId, ordinal, node, secret, now);
        em.persist(container);
        record(Event.Kind.ADMITTED, container, "on node " + node, now);
        return new Admitted(container, secret);
    }

    /** The only moment at which the secret is known. */
    public record Admitted(Container container, String secret) {}

    public Optional<Container> find(String id) {
        return Optional.ofNullable(em.find(Container.class, id));
    }

    public Optional<Container> byAllocation(String allocationId) {
        return em.createQuery("from Container c where c.allocationId = :allocation", Container.class)
                .setParameter("allocation", allocationId)
                .getResultStream()
                .findFirst();
    }

    /** @throws serai.problem.ProblemException {@link Problem#CONTAINER_NOT_FOUND}, also for another workspace's */
    public Container get(Tenant tenant, String id) {
        return find(id).filter(c -> c.workspaceId().equals(tenant.workspaceId()))
                .orElseThrow(() -> Problem.CONTAINER_NOT_FOUND.because("Container '%s' not found", id));
    }

    /** Those of a pool that have not ended, lowest ordinal first. */
    public List<Container> live(PoolId pool) {
        return em.createQuery(
                        "from Container c where c.poolId = :pool and c.state <> ENDED order by c.ordinal",
                        Container.class)
                .setParameter("pool", pool.value())
                .getResultList();
    }

    /** @return those of the allocations whose container has ended */
    public List<String> ended(Collection<String> allocations) {
        return em.createQuery(
                        "select c.allocationId from Container c where c.allocationId in :allocations and c.state = ENDED",
                        String.class)
                .setParameter("allocations", allocations)
                .getResultList();
    }

    public List<Container> liveOfApp(String appId) {
        return em.createQuery("from Container c where c.appId = :app and c.state <> ENDED", Container.class)
                .setParameter("app", appId)
                .getResultList();
    }

    public List<Container> liveOf(Environment environment) {
        return em.createQuery(
                        "from Container c where c.environmentId = :environment and c.state <> ENDED", Container.class)
                .setParameter("environment", environment.id())
                .getResultList();
    }

    /** Newest first. */
    public List<Container> list(Tenant tenant, int limit) {
        return em.createQuery(
                        "from Container c where c.workspaceId = :ws order by c.createdAt desc, c.id", Container.class)
                .setParameter("ws", tenant.workspaceId())
                .setMaxResults(limit)
                .getResultList();
    }

    /** @return whether it has not ended */
    @Transactional(Transactional.TxType.SUPPORTS) // one statement, asked again and again for every container
    public boolean isLive(String id) {
        return jdbi.withHandle(
                handle -> handle.createQuery("select 1 from container where id = :id and state <> 'ENDED'")
                        .bind("id", id)
                        .mapTo(Integer.class)
                        .findOne()
                        .isPresent());
    }

    /** Renews the lease of everything it holds. */
    @Transactional(Transactional.TxType.SUPPORTS) // one statement, in the path of each start
    public void heartbeat(String id, Instant now) {
        jdbi.useHandle(handle -> handle.createUpdate(
                        "update container set heartbeat_at = :now where id = :id and state <> 'ENDED'")
                .bind("now", now)
                .bind("id", id)
                .execute());
    }

    /** It asks for work for the first time: its pool's starts do not fail. @return whether it was the first time */
    @Transactional(Transactional.TxType.SUPPORTS) // one statement, in the path of each start
    public boolean ready(String id, Instant now) {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        with ready as (
                            update container set state = 'ACTIVE', ready_at = :now, idle_since = :now, heartbeat_at = :now
                            where id = :id and state = 'STARTING' returning pool_id),
                        succeeded as (
                            update pool set failures = 0 from ready where pool.id = ready.pool_id and failures > 0)
                        select count(*) from ready""")
                        .bind("now", now)
                        .bind("id", id)
                        .mapTo(Integer.class)
                        .one()
                == 1);
    }

    /**
     * Those of the containers that are idle since {@code idleBefore} claim no more from here on.
     *
     * @return how many of them, counted from the last of the list, until one was busy again
     */
    public int drainIdle(PoolId pool, List<String> ids, Instant idleBefore) {
        int drained = 0;
        for (var id : ids.reversed()) {
            // whoever finished an input while the next one was claimed may have noted it as idle
            int changed = em.createNativeQuery("""
                            update container set state = 'DRAINING' where id = :id and state = 'ACTIVE' and idle_since <= :before
                                and not exists (select 1 from input where container_id = :id and state = 'RUNNING')""")
                    .setParameter("id", id)
                    .setParameter("before", idleBefore)
                    .executeUpdate();
            if (changed == 0) {
                break;
            }
            drained++;
        }
        signals.afterCommit(work(pool));
        return drained;
    }

    /** All of the pool's containers finish what they hold and claim no more. */
    public void drain(PoolId pool) {
        em.createQuery(
                        "update Container c set c.state = DRAINING where c.poolId = :pool and c.state in (STARTING, ACTIVE)")
                .setParameter("pool", pool.value())
                .executeUpdate();
        signals.afterCommit(work(pool));
    }

    /** This one claims no more. */
    public void drain(String id) {
        em.createQuery("update Container c set c.state = DRAINING where c.id = :id and c.state in (STARTING, ACTIVE)")
                .setParameter("id", id)
                .executeUpdate();
        find(id).ifPresent(c -> signals.afterCommit(work(c.poolId())));
    }

    /** Containers wait for the work of their pool's queue. */
    private Topic work(PoolId pool) {
        return Topic.work(em.find(Pool.class, pool.value()).queue().value());
    }

    /** @return the state that ended now; empty if it had ended before */
    public Optional<Container.State> end(String id, Integer exitCode, String reason, Instant now) {
        var container = em.find(Container.class, id);
        if (container == null) {
            return Optional.empty();
        }
        em.refresh(container, LockModeType.PESSIMISTIC_WRITE);
        var before = container.state();
        if (before == Container.State.ENDED) {
            return Optional.empty();
        }
        container.end(exitCode, reason, now);
        record(Event.Kind.ENDED, container, words(before, exitCode, reason), now);
        signals.afterCommit(Topic.app(container.appId()));
        signals.afterCommit(work(container.poolId())); // whoever still polls in its name shall stop
        return Optional.of(before);
    }

    private static String words(Container.State before, Integer exitCode, String reason) {
        return "%s, %s%s"
                .formatted(
                        reason.isEmpty() ? "ended" : reason,
                        exitCode == null ? "without an exit code" : "exit code " + exitCode,
                        before == Container.State.STARTING ? ", before it was ready" : "");
    }

    private void record(Event.Kind kind, Container container, String reason, Instant now) {
        events.record(kind, container.functionId(), container.poolId().value(), container.id(), reason, now);
    }

    /** All containers that have not ended. */
    public List<Container> live() {
        return em.createQuery("from Container c where c.state <> ENDED", Container.class)
                .getResultList();
    }

    /** Containers that were let in and have not asked for work since. */
    public List<Container> starting() {
        return em.createQuery("from Container c where c.state = STARTING", Container.class)
                .getResultList();
    }
}
