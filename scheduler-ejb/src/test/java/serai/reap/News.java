// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import java.time.Instant;
import serai.cluster.Allocation;
import serai.cluster.Cluster;

/** What the cluster tells, one after the other on the caller's thread. */
public final class News {
    private final AllocationWatch watch;

    public News(Cluster cluster, Departures departures, Instant since) {
        watch = new AllocationWatch(cluster, departures);
        watch.since = since;
    }

    public void tell(Allocation allocation) {
        watch.hear(allocation);
    }
}
