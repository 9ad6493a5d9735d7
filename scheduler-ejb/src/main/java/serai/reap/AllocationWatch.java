// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.WARNING;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionManagement;
import jakarta.ejb.TransactionManagementType;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import serai.cluster.Allocation;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.server.ServerResources;

/** Hears from the cluster that allocations have ended, long before a lease would run out. */
@Startup
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionManagement(TransactionManagementType.BEAN)
public class AllocationWatch {
    private static final System.Logger LOG = System.getLogger(AllocationWatch.class.getName());
    private static final int REMEMBERED = 10_000;

    private final Cluster cluster;
    private final Departures departures;

    /** Between the cluster's thread, which must not wait, and ours, which the server knows. */
    private final BlockingQueue<Allocation> told = new LinkedBlockingQueue<>();

    /** After a gap everything is told again; a start is counted once. */
    private final Set<AllocationId> ended = Collections.newSetFromMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<AllocationId, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    });

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService executor;

    /** What ended before is no news. */
    Instant since;

    private Cluster.Watch watch;
    private Future<?> listener;

    @Inject
    public AllocationWatch(Cluster cluster, Departures departures) {
        this.cluster = cluster;
        this.departures = departures;
    }

    AllocationWatch(Cluster cluster, Departures departures, ManagedExecutorService executor) {
        this(cluster, departures);
        this.executor = executor;
    }

    public AllocationWatch() {
        this(null, null); // for the server's proxy
    }

    @PostConstruct
    void begin() {
        since = Instant.now();
        listener = executor.submit(this::listen);
        watch = cluster.watch(told::add);
    }

    @PreDestroy
    void end() {
        watch.close();
        listener.cancel(true);
    }

    private void listen() {
        try {
            while (true) {
                hear(told.take());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the server goes down
        }
    }

    void hear(Allocation allocation) {
        try {
            switch (allocation.state()) {
                case PENDING, RUNNING -> {}
                case STOPPING -> departures.allocationStopping(allocation);
                case COMPLETE, FAILED, LOST -> over(allocation);
            }
        } catch (RuntimeException e) { // the lease will run out
            ended.remove(allocation.id());
            LOG.log(WARNING, "the end of allocation " + allocation.id() + " is not kept", e);
        }
    }

    private void over(Allocation allocation) {
        if (ended.add(allocation.id())) {
            departures.allocationEnded(allocation, !allocation.modifiedAt().isBefore(since));
        }
    }
}
