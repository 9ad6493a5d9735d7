// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.pool;

import static serai.event.Event.Kind.EXPLAINED;
import static serai.event.Event.Kind.GAVE_UP;
import static serai.event.Event.Kind.PLACED;
import static serai.event.Event.Kind.SCALED;
import static serai.event.Event.Kind.START_FAILED;
import static serai.event.Event.Kind.UNPLACED;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import serai.event.Event;
import serai.event.Events;
import serai.function.Definition;
import serai.function.Function;
import serai.problem.Problem;

/** Pools, and what was last asked of the cluster for them. */
@ApplicationScoped
@Transactional // reads too: without one the server shares an entity manager between threads
public class Pools {
    private final EntityManager em;
    private final Jdbi jdbi;
    private final Events events;

    @Inject
    public Pools(EntityManager em, Jdbi jdbi, Events events) {
        this.em = em;
        this.jdbi = jdbi;
        this.events = events;
    }

    public Pools() {
        this(null, null, null); // for the server's proxy
    }

    /**
     * The pool that takes the function's new inputs, of the definition that it has by now; made with those of the other ranks if it is
     * not there.
     *
     * @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_DEFINED}
     */
    public Pool of(Function function) {
        var held = hold(function);
        return current(held).orElseGet(() -> make(held, definitionOf(held)));
    }

    /** As it is now, and until the end of the transaction: two first calls make one pool, and none for a definition of the past. */
    private Function hold(Function function) {
        em.flush(); // it may be changed by this very transaction
        var held = em.find(Function.class, function.id());
        em.refresh(held, LockModeType.PESSIMISTIC_WRITE);
        return held;
    }

    private Definition definitionOf(Function function) {
        if (function.definitionId() == null) {
            throw Problem.FUNCTION_NOT_DEFINED.because("Function '%s' is not published yet", function.name());
        }
        return em.find(Definition.class, function.definitionId());
    }

    private Pool make(Function function, Definition definition) {
        var first = new Pool(function, definition, 0, null);
        em.persist(first);
        em.flush(); // the others and the queue's own statements refer to it
        for (int rank = 1; rank < definition.duties().ranks(); rank++) {
            em.persist(new Pool(function, definition, rank, first));
        }
        em.flush();
        return first;
    }

    /** The pool that takes the function's new inputs. */
    public Optional<Pool> current(Function function) {
        return em.createQuery(
                        "from Pool p where p.functionId = :function and p.definitionId = :definition and p.state = ACTIVE"
                                + " and p.rank = 0",
                        Pool.class)
                .setParameter("function", function.id())
                .setParameter("definition", function.definitionId())
                .getResultStream()
                .findFirst();
    }

    /** @throws serai.problem.ProblemException {@link Problem#POOL_NOT_FOUND} */
    public Pool get(PoolId id) {
        return find(id).orElseThrow(() -> Problem.POOL_NOT_FOUND.because("Pool '%s' not found", id));
    }

    public Optional<Pool> find(PoolId id) {
        return Optional.ofNullable(em.find(Pool.class, id.value()));
    }

    /**
     * Those that have or need containers, or have to be removed; and those that have gone while something was on its way to them.
     * Of what waits one input of each pool is looked at, however many.
     */
    public List<PoolId> awake() {
        return jdbi.withHandle(handle -> handle.createQuery("""
                        with recursive waiting as (
                            (select pool_id from input where state = 'PENDING' order by pool_id limit 1)
                            union all
                            select (select i.pool_id from input i where i.state = 'PENDING' and i.pool_id > w.pool_id
                                order by i.pool_id limit 1)
                            from waiting w where w.pool_id is not null)
                        select p.id from pool p join definition d on d.id = p.definition_id
                        left join adjustment a on a.function_id = p.function_id and a.definition_id = p.definition_id
                        where p.state = 'DRAINING' or p.state = 'ACTIVE' and (p.size > 0
                            or coalesce(a.min_containers, d.min_containers) > 0
                            or exists (select 1 from container c where c.pool_id = p.id and c.state <> 'ENDED')
                            or coalesce(p.queue_id, p.id) in (select pool_id from waiting)
                            or exists (select 1 from door_wait w where w.pool_id = p.id))
                        union all
                        select p.id from pool p join waiting w on w.pool_id = p.id where p.state = 'GONE'""")
                .map((row, context) -> new PoolId(row.getString("id")))
                .list());
    }

    /**
     * Running apps whose pools do not say what their publication says: a server died between the two. One has a pool of what is not
     * published any more, or none of a function that is; of variants only those that had one, as others get it by their call. The
     * platform's own apps are not rolled out: who made one decides when it has a pool.
     */
    public List<String> strayed() {
        return jdbi.withHandle(
                handle -> handle.createQuery("""
                        with published as (
                            select f.id, f.app_id, f.base_id, f.definition_id, d.template
                            from app a join app_object o on o.app_id = a.id and o.version = a.version and o.kind = 'FUNCTION'
                            join function f on f.app_id = a.id and coalesce(f.base_id, f.id) = o.object_id
                            join definition d on d.id = f.definition_id
                            where a.state not in ('STOPPING', 'STOPPED') and not a.internal)
                        select f.app_id from published f where not exists (
                            select 1 from pool p where p.function_id = f.id and p.definition_id = f.definition_id
                                and p.state = 'ACTIVE' and p.rank = 0)
                            and (f.base_id is null and not f.template
                                or exists (select 1 from pool p where p.function_id = f.id and p.state <> 'GONE'))
                        union
                        select p.app_id from pool p join app a on a.id = p.app_id
                        where p.state = 'ACTIVE' and a.state not in ('STOPPING', 'STOPPED') and not a.internal and not exists (
                            select 1 from published f where f.id = p.function_id and f.definition_id = p.definition_id)""").mapTo(String.class).list());
    }

    /** The pools in use that work on the inputs of this one, the most wanted first. */
    public List<Pool> ranks(PoolId queue) {
        return em.createQuery(
                        "from Pool p where (p.id = :queue or p.queueId = :queue) and p.state = ACTIVE order by p.rank",
                        Pool.class)
                .setParameter("queue", queue.value())
                .getResultList();
    }

    public List<Pool> ofApp(String appId) {
        return em.createQuery("from Pool p where p.appId = :app and p.state <> GONE", Pool.class)
                .setParameter("app", appId)
                .getResultList();
    }

    /** Variants of the app's functions that have a pool. */
    public List<Function> variantsInUse(String appId) {
        return em.createQuery(
                        "from Function f where f.appId = :app and f.baseId is not null"
                                + " and exists (select 1 from Pool p where p.functionId = f.id and p.state <> GONE)",
                        Function.class)
                .setParameter("app", appId)
                .getResultList();
    }

    /** Pools of the function that take or took inputs for other definitions than its present one. */
    public List<Pool> superseded(Function function) {
        return em.createQuery(
                        "from Pool p where p.functionId = :function and p.definitionId <> :definition and p.state <> GONE",
                        Pool.class)
                .setParameter("function", function.id())
                .setParameter("definition", function.definitionId())
                .getResultList();
    }

    public void declared(PoolId id) {
        get(id).declared();
    }

    public void resized(PoolId id, int total, String reason, Instant now) {
        var pool = get(id);
        if (pool.size() != total) {
            record(SCALED, pool, "from %d to %d containers: %s".formatted(pool.size(), total, reason), now);
        }
        pool.resized(total, reason, now);
    }

    public void explain(PoolId id, String reason, Instant now) {
        var pool = get(id);
        if (!pool.reason().equals(reason)) {
            record(EXPLAINED, pool, reason, now);
        }
        pool.explain(reason, now);
    }

    /** @return how many containers the workspace's other pools were asked for */
    public int sizeBeside(Pool pool) {
        return jdbi.withHandle(handle -> handle.createQuery(
                        "select coalesce(sum(size), 0) from pool where workspace_id = :ws and size > 0 and id <> :id")
                .bind("ws", pool.workspaceId())
                .bind("id", pool.id().value())
                .mapTo(Integer.class)
                .one());
    }

    /** Some of its containers find no place. */
    public void unplaced(PoolId id, int containers, String why, Instant now) {
        var pool = get(id);
        var before = pool.unplaced();
        if (before.isEmpty()
                || before.get().containers() != containers
                || !before.get().reason().equals(why)) {
            record(UNPLACED, pool, "%d without a place: %s".formatted(containers, why), now);
        }
        pool.unplaced(containers, why, now);
    }

    public void placed(PoolId id, Instant now) {
        var pool = get(id);
        if (pool.unplaced().isPresent()) {
            record(PLACED, pool, "none is without a place any more", now);
        }
        pool.placed();
    }

    private void record(Event.Kind kind, Pool pool, String reason, Instant now) {
        events.record(kind, pool.functionId(), pool.id().value(), null, reason, now);
    }

    /** The next rank is asked instead, for a while. */
    public void close(PoolId id, Instant until) {
        get(id).close(until);
    }

    /**
     * @param why in words for whoever waits for the pool
     * @return starts in a row that failed, this one included
     */
    public int startFailed(PoolId id, String why, Instant now) {
        var pool = em.find(Pool.class, id.value());
        em.refresh(pool, LockModeType.PESSIMISTIC_WRITE);
        record(START_FAILED, pool, why, now);
        pool.startFailed(why, now);
        return pool.failures();
    }

    /** What waited for it has failed; counting begins anew. */
    public void gaveUp(PoolId id, String reason, Instant now) {
        var pool = get(id);
        record(GAVE_UP, pool, reason, now);
        pool.gaveUp(now);
        pool.startSucceeded();
    }

    /** @return whether nobody has counted the end of that allocation yet: every server hears of it */
    public boolean isFirstToCount(String allocationId) {
        return jdbi.withHandle(handle ->
                handle.createUpdate("insert into failed_start (allocation_id) values (:id) on conflict do nothing")
                                .bind("id", allocationId)
                                .execute()
                        > 0);
    }

    /** @return failed starts that were forgotten */
    public int forgetFailedStarts(Instant before) {
        return jdbi.withHandle(handle -> handle.createUpdate("delete from failed_start where at < :before")
                .bind("before", java.sql.Timestamp.from(before))
                .execute());
    }

    /** Takes nothing new; its pending inputs are the caller's to move. */
    public void drain(PoolId id) {
        get(id).drain();
    }

    public void gone(PoolId id, Instant now) {
        get(id).gone(now);
    }
}
