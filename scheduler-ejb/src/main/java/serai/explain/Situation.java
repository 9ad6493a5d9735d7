// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.explain;

import java.time.Instant;
import java.util.Optional;
import serai.call.CallProgress;
import serai.call.InputProgress;
import serai.cluster.Shortage;
import serai.device.Gpu;

/**
 * Everything that decides how soon a call runs, as seen at one moment.
 *
 * @param input the first of the call's inputs that is not finished; empty when all are
 * @param ahead inputs of the pool that wait before it
 * @param pool null while nothing was asked of the cluster for the function
 * @param ready containers that have asked for work and take more
 * @param starting containers that were let in and have not
 * @param busy ready ones that work
 * @param draining containers that finish what they have
 * @param shortage why the cluster does not place what it was asked for
 * @param cluster what it answered in place of that; empty while it answers
 */
public record Situation(
        CallProgress.State call,
        Optional<InputProgress> input,
        int ahead,
        boolean appRuns,
        Pool pool,
        int ready,
        int starting,
        int busy,
        int draining,
        Optional<Shortage> shortage,
        Optional<String> cluster) {

    /**
     * @param size containers that were asked of the cluster
     * @param gpu what each of them needs; empty if none
     * @param failures starts in a row that failed
     * @param reason why it has its size, as the scaler wrote it down
     */
    public record Pool(
            String id,
            int size,
            Optional<Gpu> gpu,
            int maxContainers,
            int concurrency,
            int failures,
            String reason,
            Instant reasonAt) {}
}
