// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.plan.Reschedule;
import serai.local.state.Alloc;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;

/** What callers ask of single allocations, and what the processes report about them. */
public final class Allocations {
    private final Store store;
    private final Evaluator evaluator;

    public Allocations(Store store, Evaluator evaluator) {
        this.store = store;
        this.evaluator = evaluator;
    }

    /** @return the evaluation and its index */
    public Map.Entry<String, Long> stop(String id, boolean noShutdownDelay) {
        Map.Entry<String, Long> result = store.commit("AllocationUpdateDesiredStatus", commit -> {
            Alloc alloc = commit.alloc(id).orElseThrow(() -> new RefusedException(404, "allocation not found"));
            commit.putAlloc(alloc.with(
                    "DesiredTransition",
                    Json.object("Migrate", true, "NoShutdownDelay", noShutdownDelay, "Reschedule", false)));
            Job job = commit.job(alloc.namespace(), alloc.jobId()).orElse(alloc.job());
            return Map.entry(Jobs.evaluation(commit, job, "alloc-stop").id(), commit.index());
        });
        evaluator.evaluate(result.getKey());
        return result;
    }

    /** What has become of an allocation's tasks. A failure and an end have consequences; they happen before this returns. */
    public void report(String id, Report report) {
        record Seen(boolean ended, Optional<Evaluation> evaluation) {}
        Seen seen = store.commit("AllocationUpdated", commit -> {
            Optional<Alloc> known = commit.alloc(id);
            if (known.isEmpty() || known.get().ended()) {
                return new Seen(false, Optional.empty());
            }
            Alloc alloc = commit.putAlloc(known.get()
                    .with(
                            "ClientStatus", report.status(),
                            "ClientDescription", report.description(),
                            "TaskStates", report.taskStates(),
                            "NetworkStatus", NETWORK_STATUS));
            return new Seen(
                    alloc.ended(),
                    alloc.failed() && alloc.wanted() && retries(alloc)
                            ? commit.job(alloc.namespace(), alloc.jobId())
                                    .filter(job -> !job.stopped())
                                    .map(job -> Jobs.evaluation(commit, job, "alloc-failure"))
                            : Optional.empty());
        });
        seen.evaluation().ifPresent(e -> evaluator.evaluate(e.id()));
        if (seen.ended()) {
            evaluator.unblock();
        }
    }

    private static final Map<String, Object> NETWORK_STATUS = networkStatus();

    private static Map<String, Object> networkStatus() {
        Map<String, Object> status =
                new java.util.HashMap<>(Map.of("Address", "", "AddressIPv6", "", "InterfaceName", ""));
        status.put("DNS", null);
        return status;
    }

    private static boolean retries(Alloc alloc) {
        return alloc.job()
                .group(alloc.group())
                .map(g -> Reschedule.of(g.doc().path("ReschedulePolicy")).enabled())
                .orElse(false);
    }

    /** The last process of an allocation that nobody knows any more has ended: what it held is free. */
    public void destroyed(String id) {
        boolean held = store.commit("AllocationDestroyed", commit -> {
            boolean there = commit.get(Table.ENDING, id).isPresent();
            if (there) {
                commit.remove(Table.ENDING, id);
            }
            return there;
        });
        if (held) {
            evaluator.unblock();
        }
    }

    /** Allocations that an earlier agent was to destroy. */
    public List<String> undestroyed() {
        return store.read(tables ->
                tables.all(Table.ENDING).map(doc -> new Alloc(doc).id()).toList());
    }

    public List<Alloc> unended() {
        return store.read(tables -> tables.allocs().filter(a -> !a.ended()).toList());
    }

    public Optional<Alloc> find(String id) {
        return store.read(tables -> tables.alloc(id));
    }
}
