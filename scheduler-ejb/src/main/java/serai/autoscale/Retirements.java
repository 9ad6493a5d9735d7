// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import serai.app.App;
import serai.app.Apps;
import serai.call.Inputs;
import serai.container.Containers;
import serai.function.Function;
import serai.function.Functions;
import serai.pool.Pool;
import serai.pool.PoolId;
import serai.pool.Pools;

/** Pools that take nothing new: what waits for them goes to their successors, what runs is finished. */
@ApplicationScoped
public class Retirements {
    private final Apps apps;
    private final Functions functions;
    private final Pools pools;
    private final Inputs inputs;
    private final Containers containers;

    @Inject
    public Retirements(Apps apps, Functions functions, Pools pools, Inputs inputs, Containers containers) {
        this.apps = apps;
        this.functions = functions;
        this.pools = pools;
        this.inputs = inputs;
        this.containers = containers;
    }

    public Retirements() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /**
     * May be repeated: inputs that were committed for the old pool meanwhile are moved then.
     *
     * @return whether it retires; a pool of what is published now stays, whatever the caller has seen before
     */
    @Transactional
    public boolean begin(PoolId id) {
        var pool = pools.get(id);
        var app = apps.hold(pool.appId()).orElseThrow();
        var function = functions.find(pool.functionId()).orElseThrow();
        if (pool.state() == Pool.State.ACTIVE
                && pool.definitionId().equals(function.definitionId())
                && isInUse(function, app)) {
            return false;
        }
        if (inputs.load(id).pending() > 0) {
            if (!app.state().runs()) {
                inputs.terminatePending(id, "The app was stopped");
            } else if (isInUse(function, app)) {
                inputs.move(id, pools.of(function).id());
            } else {
                inputs.terminatePending(id, "Function '%s' is no longer part of its app".formatted(function.name()));
            }
        }
        pools.drain(id);
        if (!containers.live(id).isEmpty()) {
            containers.drain(id);
        }
        return true;
    }

    private boolean isInUse(Function function, App app) {
        return app.state().runs() && function.isPartOf(apps.layout(app));
    }
}
