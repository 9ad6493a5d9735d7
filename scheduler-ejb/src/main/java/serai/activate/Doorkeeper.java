// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.activate;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import serai.autoscale.Reconciliations;
import serai.container.Containers;
import serai.database.DatabaseClock;
import serai.pool.PoolId;
import serai.serve.Door;
import serai.serve.Serving;

/**
 * The start and the signs of life of containers that serve HTTP. Such a one is ready when its code was entered, as the container
 * says, and something listens, as its runner does.
 */
@ApplicationScoped
public class Doorkeeper {
    private final Serving serving;
    private final Containers containers;
    private final Reconciliations reconciliations;
    private final DatabaseClock clock;

    @Inject
    public Doorkeeper(Serving serving, Containers containers, Reconciliations reconciliations, DatabaseClock clock) {
        this.serving = serving;
        this.containers = containers;
        this.reconciliations = reconciliations;
        this.clock = clock;
    }

    public Doorkeeper() {
        this(null, null, null, null); // for the server's proxy
    }

    /** Its code was entered. */
    public void entered(String containerId, PoolId pool) {
        note(containerId, pool, serving.entered(containerId));
    }

    /** Its runner tells of it, which renews its lease. */
    public void told(Door door, PoolId pool, boolean listening) {
        containers.heartbeat(door.containerId(), clock.instant());
        note(door.containerId(), pool, serving.told(door, listening));
    }

    private void note(String containerId, PoolId pool, boolean isOpen) {
        if (isOpen && containers.ready(containerId, clock.instant())) {
            reconciliations.request(pool); // more may start now
        }
        serving.changed(pool);
    }
}
