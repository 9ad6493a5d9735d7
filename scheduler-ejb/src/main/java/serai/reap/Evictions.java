// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.container.Container;
import serai.container.Containers;
import serai.problem.ProblemException;

/** Containers that are ended by us, whatever they do. Nothing of them is accepted any more; what they held runs elsewhere. */
@ApplicationScoped
public class Evictions {
    private static final System.Logger LOG = System.getLogger(Evictions.class.getName());

    private final Containers containers;
    private final Departures departures;
    private final Cluster cluster;

    /** Allocations that the cluster could not be asked to end. */
    private final Set<AllocationId> unstopped = ConcurrentHashMap.newKeySet();

    @Inject
    public Evictions(Containers containers, Departures departures, Cluster cluster) {
        this.containers = containers;
        this.departures = departures;
        this.cluster = cluster;
    }

    public Evictions() {
        this(null, null, null); // for the server's proxy
    }

    /** Whether or not it still lives somewhere. Call it outside of transactions. */
    public void end(String containerId, String reason) {
        containers.find(containerId).ifPresent(container -> end(container, reason));
    }

    void end(Container container, String reason) {
        if (departures.end(container.id(), null, reason)) {
            LOG.log(INFO, "container {0} on {1} is ended: {2}", container.id(), container.node(), reason);
            stop(new AllocationId(container.allocationId()));
        }
    }

    /** Asks again for what the cluster could not do. */
    void resume() {
        unstopped.forEach(this::stop);
    }

    private void stop(AllocationId allocation) {
        try {
            cluster.stop(allocation);
            unstopped.remove(allocation);
        } catch (ProblemException e) {
            if (unstopped.add(allocation)) {
                LOG.log(WARNING, "allocation {0} not ended yet: {1}", allocation, e.getMessage());
            }
        }
    }
}
