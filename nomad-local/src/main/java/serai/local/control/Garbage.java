// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.state.Alloc;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;
import serai.local.state.Tables;
import serai.local.state.UnwritableException;

/** Forgets what is over: the oldest when there is too much of it, all of it when asked. */
public final class Garbage {
    private static final System.Logger LOG = System.getLogger(Garbage.class.getName());
    private static final int ALLOCATIONS = 200;
    private static final int EVALUATIONS = 400;
    private static final int DEPLOYMENTS = 50;

    private static final Duration PERIOD = Duration.ofMinutes(5);
    /** As in Nomad, by the clock that nobody sets: how long what is over is kept. */
    private static final Duration OVER = Duration.ofHours(1);

    private static final Duration STOPPED_JOB = Duration.ofHours(4);

    private final Store store;
    private final Instances instances;
    /** What is left after a look may be needed; the next one is worth it when there is more than that again. */
    private volatile int allocationsLeft;

    private volatile int evaluationsLeft;
    private volatile int deploymentsLeft;

    public Garbage(Store store, Instances instances) {
        this.store = store;
        this.instances = instances;
    }

    /** Keeps memory bounded; cheap when there is nothing to do. */
    public void trim() {
        boolean much = store.read(tables -> tables.count(Table.ALLOCATIONS) > ALLOCATIONS + allocationsLeft
                || tables.count(Table.EVALUATIONS) > EVALUATIONS + evaluationsLeft
                || tables.count(Table.DEPLOYMENTS) > DEPLOYMENTS + deploymentsLeft);
        if (much) {
            forget(Kept.TRIMMED);
        }
    }

    public void collect() {
        forget(Kept.NOTHING);
    }

    /** Has what is over forgotten in time, also where nothing happens any more. */
    public void sweep(Alarm alarm) {
        alarm.in(PERIOD, () -> {
            sweep(alarm);
            sweepNow();
        });
    }

    void sweepNow() {
        forget(new Kept(ALLOCATIONS, EVALUATIONS, DEPLOYMENTS, OVER, STOPPED_JOB));
    }

    /** How many are kept at most, and for how long. */
    private record Kept(int allocations, int evaluations, int deployments, Duration over, Duration stoppedJob) {
        static final Kept TRIMMED =
                new Kept(ALLOCATIONS * 3 / 4, EVALUATIONS * 3 / 4, DEPLOYMENTS / 2, OVER, STOPPED_JOB);
        static final Kept NOTHING = new Kept(0, 0, 0, Duration.ZERO, Duration.ZERO);
    }

    private void forget(Kept kept) {
        List<String> gone;
        try {
            gone = store.commit("GarbageCollected", commit -> {
                List<String> over = allocations(commit, kept);
                over.forEach(id -> commit.remove(Table.ALLOCATIONS, id));
                evaluations(commit, kept.evaluations());
                deployments(commit, kept.deployments());
                stoppedJobs(commit, kept.stoppedJob());
                return over;
            });
        } catch (UnwritableException e) {
            LOG.log(Level.WARNING, "nothing is forgotten: {0}", e.getMessage());
            return;
        }
        gone.forEach(instances::destroy);
        store.read(tables -> {
            allocationsLeft = Math.max(0, tables.count(Table.ALLOCATIONS) - Kept.TRIMMED.allocations());
            evaluationsLeft = Math.max(0, tables.count(Table.EVALUATIONS) - Kept.TRIMMED.evaluations());
            deploymentsLeft = Math.max(0, tables.count(Table.DEPLOYMENTS) - Kept.TRIMMED.deployments());
            return null;
        });
    }

    /** A failed allocation that is still wanted keeps its slot, so it stays. */
    private static List<String> allocations(Commit commit, Kept kept) {
        List<Alloc> over = commit.all(Table.ALLOCATIONS)
                .map(Alloc::new)
                .filter(a -> a.ended()
                        && (!a.wanted() || commit.job(a.namespace(), a.jobId()).isEmpty()))
                .sorted(Comparator.comparingLong(Alloc::modifyIndex))
                .toList();
        int tooMany = over.size() - kept.allocations();
        return IntStream.range(0, over.size())
                .filter(i -> i < tooMany
                        || commit.statusSeenFor(Table.ALLOCATIONS, over.get(i).id())
                                        .compareTo(kept.over())
                                > 0)
                .mapToObj(i -> over.get(i).id())
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

    private static void stoppedJobs(Commit commit, Duration kept) {
        commit.all(Table.JOBS)
                .map(Job::new)
                .filter(job -> job.stopped()
                        && commit.statusSeenFor(Table.JOBS, Tables.jobKey(job.namespace(), job.id()))
                                        .compareTo(kept)
                                > 0
                        && commit.allocs(job.namespace(), job.id()).findAny().isEmpty())
                .forEach(commit::removeJob);
    }
}
