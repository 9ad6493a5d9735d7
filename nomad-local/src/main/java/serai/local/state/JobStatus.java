// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import java.util.List;
import serai.local.job.Job;

/** When a job is pending, running or dead: Nomad's rule. */
final class JobStatus {
    private JobStatus() {}

    static String of(Job job, List<Alloc> allocs, List<Evaluation> evaluations, boolean deploying) {
        if (deploying || allocs.stream().anyMatch(a -> a.wanted() && !a.ended())) {
            return "running";
        }
        if (evaluations.stream().anyMatch(Evaluation::open)) {
            return "pending";
        }
        return job.stopped() || !evaluations.isEmpty() ? "dead" : "pending";
    }
}
