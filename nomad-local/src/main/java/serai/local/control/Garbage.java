// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.state.Alloc;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;

/** Forgets what is over: the oldest when there is too much of it, all of it when asked. */
public final class Garbage {
    private static final int ALLOCATIONS = 200;
    private static final int EVALUATIONS = 400;
    private static final int DEPLOYMENTS = 50;

    private final Store store;
    private final Instances instances;

    public Garbage(Store store, Instances instances) {
        this.store = store;
        this.instances = instances;
    }

    /** Keeps memory bounded; cheap when there is nothing to do. */
    public void trim() {
        boolean much = store.read(tables -> tables.all(Table.ALLOCATIONS).count() > ALLOCATIONS
                || tables.all(Table.EVALUATIONS).count() > EVALUATIONS
                || tables.all(Table.DEPLOYMENTS).count() > DEPLOYMENTS);
        if (much) {
            forget(ALLOCATIONS * 3 / 4, EVALUATIONS * 3 / 4, DEPLOYMENTS / 2, false);
        }
    }

    public void collect() {
        forget(0, 0, 0, true);
    }

    private void forget(int allocations, int evaluations, int deployments, boolean jobs) {
        List<String> gone = store.commit("GarbageCollected", commit -> {
            List<String> over = allocations(commit, allocations);
            over.forEach(id -> commit.remove(Table.ALLOCATIONS, id));
            evaluations(commit, evaluations);
            deployments(commit, deployments);
            if (jobs) {
                stoppedJobs(commit);
            }
            return over;
        });
        gone.forEach(instances::destroy);
    }

    /** A failed allocation that is still wanted keeps its slot, so it stays. */
    private static List<String> allocations(Commit commit, int kept) {
        List<Alloc> over = commit.all(Table.ALLOCATIONS)
                .map(Alloc::new)
                .filter(a -> a.ended()
                        && (!a.wanted() || commit.job(a.namespace(), a.jobId()).isEmpty()))
                .sorted(Comparator.comparingLong(Alloc::modifyIndex))
                .toList();
        return over.stream()
                .limit(Math.max(0, over.size() - kept))
                .map(Alloc::id)
                .toList();
    }

    private static void evaluations(Commit commit, int kept) {
        Set<String> jobsWithOne = new HashSet<>();
        List<Evaluation> over = new ArrayList<>();
        Stream<Evaluation> newestFirst = commit.all(Table.EVALUATIONS)
                .map(Evaluation::new)
                .sorted(Comparator.comparingLong(Evaluation::modifyIndex).reversed());
        newestFirst.forEach(e -> {
            boolean only = jobsWithOne.add(e.namespace() + "/" + e.jobId())
                    && commit.job(e.namespace(), e.jobId())
                            .isPresent(); // the job's status needs to know that there was one
            if (!e.open() && !only) {
                over.add(e);
            }
        });
        over.stream().skip(kept).forEach(e -> commit.remove(Table.EVALUATIONS, e.id()));
    }

    private static void deployments(Commit commit, int kept) {
        commit.all(Table.DEPLOYMENTS)
                .filter(d -> !Json.text(d, "Status").equals("running"))
                .sorted(Comparator.comparingLong(d -> -Json.number(d, "ModifyIndex")))
                .skip(kept)
                .forEach(d -> commit.remove(Table.DEPLOYMENTS, Json.text(d, "ID")));
    }

    private static void stoppedJobs(Commit commit) {
        commit.all(Table.JOBS)
                .map(serai.local.job.Job::new)
                .filter(job -> job.stopped()
                        && commit.allocs(job.namespace(), job.id()).findAny().isEmpty())
                .forEach(commit::removeJob);
    }
}
