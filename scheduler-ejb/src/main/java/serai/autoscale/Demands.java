// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serai.app.App;
import serai.app.Apps;
import serai.autoscale.Demand.Activity;
import serai.autoscale.Demand.Replica;
import serai.call.Inputs;
import serai.config.AutoscaleConfig;
import serai.container.Container;
import serai.container.Containers;
import serai.device.Gpu;
import serai.function.Adjustments;
import serai.function.AutoscalerSettings;
import serai.function.Definition;
import serai.function.Function;
import serai.function.Functions;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.pool.Unplaced;
import serai.serve.Serving;

/** Looks at a pool and its surroundings in one short transaction. */
@ApplicationScoped
public class Demands {
    /** From the decision to the container's first word: the cluster's placement and the runner's own start. */
    private static final Duration PLACEMENT = Duration.ofSeconds(1);

    private static final int MANY = 10_000;
    private static final Duration COUNTED = Duration.ofSeconds(10);

    private final Cache<PoolId, Integer> many = Caffeine.newBuilder()
            .expireAfterWrite(COUNTED)
            .executor(Runnable::run) // a common pool's threads would outlive the application
            .build();

    private final Pools pools;
    private final Functions functions;
    private final Adjustments adjustments;
    private final Apps apps;
    private final Containers containers;
    private final Inputs inputs;
    private final Serving serving;
    private final AutoscaleConfig settings;

    @Inject
    public Demands(
            Pools pools,
            Functions functions,
            Adjustments adjustments,
            Apps apps,
            Containers containers,
            Inputs inputs,
            Serving serving,
            AutoscaleConfig settings) {
        this.pools = pools;
        this.functions = functions;
        this.adjustments = adjustments;
        this.apps = apps;
        this.containers = containers;
        this.inputs = inputs;
        this.serving = serving;
        this.settings = settings;
    }

    public Demands() {
        this(null, null, null, null, null, null, null, null); // for the server's proxy
    }

    @Transactional
    public Optional<Observation> observe(PoolId id) {
        return pools.find(id).map(pool -> {
            var definition = functions.definition(pool.definitionId());
            var function = functions.find(pool.functionId()).orElseThrow();
            var app = apps.find(pool.appId()).orElseThrow();
            boolean isRanked = definition.duties().ranks() > 1;
            var load = definition.duties().serves() ? serving.load(id) : load(pool, isRanked);
            var scaling = capped(pool, definition);
            var live = containers.live(id);
            var replicas = live.stream().map(Demands::replica).toList();
            var demand = new Demand(
                    load.pending(),
                    load.running(),
                    Math.max(1, definition.duties().concurrency()),
                    replicas,
                    Math.max(pool.size(), shown(replicas)),
                    pool.reasonAt(),
                    pool.failures(),
                    load.pending() > 0 ? Optional.empty() : pool.gaveUpAt(),
                    pace(id, load, live),
                    Trend.NONE,
                    load.pending() > 0 || pool.size() < scaling.minContainers()
                            ? settings.workspaceContainers() - pools.sizeBeside(pool)
                            : Integer.MAX_VALUE);
            return new Observation(
                    pool, definition, function, app, scaling, demand, isRanked ? ranks(pool) : List.of());
        });
    }

    /** So many that a second more or less makes no difference are counted less often. */
    private Inputs.Load load(Pool pool, boolean isRanked) {
        var load = isRanked ? inputs.load(pool.queue(), pool.id(), MANY) : inputs.load(pool.id(), MANY);
        return load.pending() < MANY
                ? load
                : new Inputs.Load(
                        many.get(pool.queue(), queue -> inputs.load(queue).pending()), load.running());
    }

    /** Asked only where it makes a difference: a few inputs have a container each. */
    private Pace pace(PoolId id, Inputs.Load load, List<Container> live) {
        if (load.pending() <= ScalingPolicy.FIRST_STEP) {
            return Pace.UNKNOWN;
        }
        var start = live.stream()
                .filter(c -> c.readyAt() != null)
                .mapToLong(c -> Duration.between(c.createdAt(), c.readyAt()).toMillis())
                .average();
        return new Pace(
                inputs.lately(id),
                start.isEmpty() ? Pace.UNKNOWN.start() : PLACEMENT.plusMillis(Math.max(0, (long) start.getAsDouble())));
    }

    private List<RankedPool> ranks(Pool pool) {
        return pools.ranks(pool.queue()).stream()
                .map(p -> new RankedPool(
                        p.id(),
                        new RankPolicy.Rank(
                                p.size(),
                                inputs.load(p.queue(), p.id(), 0).running(),
                                p.unplaced().map(Unplaced::containers).orElse(0),
                                p.unplaced().map(Unplaced::since),
                                p.closedUntil())))
                .toList();
    }

    /**
     * The cluster may have been asked for more than we have written down: a server died before it did, or the cluster's
     * answer was lost. Its containers tell.
     */
    private static int shown(List<Replica> replicas) {
        return replicas.stream()
                .filter(r -> !r.draining())
                .mapToInt(r -> r.ordinal() + 1)
                .max()
                .orElse(0);
    }

    private static Replica replica(Container container) {
        return new Replica(
                container.id(),
                container.ordinal(),
                container.state() == Container.State.DRAINING,
                activity(container));
    }

    private static Activity activity(Container container) {
        if (container.readyAt() == null) {
            return new Activity.Starting();
        }
        return container.idleSince() == null ? new Activity.Busy() : new Activity.Idle(container.idleSince());
    }

    private AutoscalerSettings capped(Pool pool, Definition definition) {
        var asked = adjustments
                .of(pool.functionId(), definition.id())
                .orElse(definition.duties().autoscaler());
        int most = settings.maxContainers();
        return new AutoscalerSettings(
                Math.min(asked.minContainers(), most),
                Math.min(asked.maxContainers(), most),
                asked.bufferContainers(),
                asked.scaledownWindow());
    }

    /** A pool among those that work on the same inputs. */
    public record RankedPool(PoolId id, RankPolicy.Rank rank) {}

    /**
     * What was seen. The entities are detached: they are read only.
     *
     * @param ranks the pools in use of a function that names several GPUs, in order; empty for others
     */
    public record Observation(
            Pool pool,
            Definition definition,
            Function function,
            App app,
            AutoscalerSettings autoscaler,
            Demand demand,
            List<RankedPool> ranks) {
        /** The same, with what is known from earlier looks. */
        Observation seen(Pace known, Trend lately) {
            return new Observation(pool, definition, function, app, autoscaler, demand.seen(known, lately), ranks);
        }

        /** @return what each of its containers needs */
        Optional<Gpu> gpu() {
            return definition.duties().gpu(pool.rank());
        }

        /** @return its share of the function's work: all of it, where there is one pool only */
        RankPolicy.Share share(Duration patience, Instant now) {
            if (ranks.size() < 2) {
                return new RankPolicy.Share(demand.pending(), autoscaler, demand.size(), autoscaler.maxContainers());
            }
            return new RankPolicy(autoscaler, demand.concurrency(), patience)
                    .share(
                            pool.rank(),
                            demand.pending(),
                            ranks.stream().map(RankedPool::rank).toList(),
                            now);
        }

        /** @return whether the app goes on with this very definition */
        boolean isCurrent() {
            return app.state().runs() && pool.definitionId().equals(function.definitionId());
        }
    }
}
