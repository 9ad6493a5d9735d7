// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import serai.app.App;
import serai.app.Apps;
import serai.autoscale.Retirements;
import serai.function.Function;
import serai.function.Functions;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;
import serai.schedule.Schedules;

/** From one publication to the next: every function of the layout has a pool of its definition and its schedule, so has each variant that is in use; other pools retire. */
@ApplicationScoped
public class Rollouts {
    private final Apps apps;
    private final Functions functions;
    private final Pools pools;
    private final Retirements retirements;
    private final Schedules schedules;

    @Inject
    public Rollouts(Apps apps, Functions functions, Pools pools, Retirements retirements, Schedules schedules) {
        this.apps = apps;
        this.functions = functions;
        this.pools = pools;
        this.retirements = retirements;
        this.schedules = schedules;
    }

    public Rollouts() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /**
     * To what is published now, by whomever: the rollout of an earlier publication may come after a later one. An app that ends is left
     * to its end. May be repeated.
     *
     * @return the pools to look at, the new ones first
     */
    @Transactional
    public List<PoolId> rollOut(String appId) {
        return apps.hold(appId)
                .filter(app -> app.state().runs())
                .map(this::rollOut)
                .orElse(List.of());
    }

    /** @return apps whose rollout a server has begun, or was about to, and not finished */
    public List<String> underWay() {
        return pools.strayed();
    }

    private List<PoolId> rollOut(App app) {
        schedules.follow(app.id(), Instant.now()); // before the functions, as who fires
        var published = apps.layout(app);
        var current = new ArrayList<PoolId>();
        var former = new ArrayList<PoolId>();
        var inUse = pools.variantsInUse(app.id()); // others have a pool again when they are called again
        for (var function :
                Stream.concat(functions.of(app.id()).stream(), inUse.stream()).toList()) {
            if (function.isPartOf(published)) {
                poolOf(function).ifPresent(current::add);
                pools.superseded(function).forEach(pool -> former.add(pool.id()));
            } else {
                former.addAll(ofFunction(app, function)); // none while it is only reserved
            }
        }
        former.forEach(retirements::begin);
        current.addAll(former);
        return current;
    }

    private Optional<PoolId> poolOf(Function function) {
        var definition = functions.definition(function.definitionId());
        boolean runsAsItIs =
                !definition.duties().template() || function.baseId().isPresent();
        return runsAsItIs ? Optional.of(pools.of(function).id()) : Optional.empty();
    }

    private List<PoolId> ofFunction(App app, Function function) {
        return pools.ofApp(app.id()).stream()
                .filter(pool -> pool.functionId().equals(function.id()))
                .map(Pool::id)
                .toList();
    }
}
