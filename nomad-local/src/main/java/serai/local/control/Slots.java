// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Optional;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.job.JobChange;
import serai.local.plan.Reschedule;
import serai.local.plan.Slot;
import serai.local.state.Alloc;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Table;
import serai.local.state.Times;

/** Sees allocations with the reconciler's eyes. */
final class Slots {
    private Slots() {}

    static Slot of(Alloc alloc, Job job, Job.Group group, Evaluation by, Commit commit) {
        return new Slot(
                alloc.id(),
                alloc.index(),
                alloc.createIndex(),
                phase(alloc, group, commit),
                outdated(alloc, job, group),
                alloc.migrating(),
                waits(alloc, by, commit));
    }

    private static Slot.Phase phase(Alloc alloc, Job.Group group, Commit commit) {
        if (alloc.failed()) {
            Reschedule policy = Reschedule.of(group.doc().path("ReschedulePolicy"));
            return new Slot.Failed(policy.retryAt(alloc.doc().path("RescheduleTracker"), failedAt(alloc, commit)));
        }
        return alloc.ended() ? new Slot.Done() : new Slot.Live();
    }

    /** An evaluation that comes too early leaves its allocation without one. */
    private static boolean waits(Alloc alloc, Evaluation by, Commit commit) {
        String planned = Json.text(alloc.doc(), "FollowupEvalID");
        return !planned.equals(by.id())
                && commit.evaluation(planned).filter(Evaluation::open).isPresent();
    }

    /** When it failed, as the clock is set now: what was seen by this agent is measured, whatever the clock did since. */
    static Instant failedAt(Alloc alloc, Commit commit) {
        Instant now = commit.now();
        return commit.statusAge(Table.ALLOCATIONS, alloc.id()).map(now::minus).orElseGet(() -> {
            Instant noted = noted(alloc);
            return noted.isAfter(now) ? now : noted;
        });
    }

    /** When the last of its tasks ended. */
    private static Instant noted(Alloc alloc) {
        return Json.each(alloc.taskStates())
                .map(state -> Json.text(state, "FinishedAt"))
                .filter(text -> !text.isEmpty())
                .map(Instant::parse)
                .max(Instant::compareTo)
                .orElseGet(() -> Times.instant(Json.number(alloc.doc(), "ModifyTime")));
    }

    @SuppressWarnings("ReferenceEquality") // a short cut: the same document cannot differ
    private static boolean outdated(Alloc alloc, Job job, Job.Group group) {
        if (alloc.job().doc() == job.doc()) {
            return false;
        }
        Optional<ObjectNode> running = alloc.job().group(group.name()).map(g -> JobChange.running(alloc.job(), g));
        return !running.map(doc -> Json.same(doc, JobChange.running(job, group)))
                .orElse(false);
    }
}
