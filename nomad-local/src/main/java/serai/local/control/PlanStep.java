// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.plan.Capacity;
import serai.local.plan.Changes;
import serai.local.plan.Changes.Reason;
import serai.local.plan.Devices;
import serai.local.plan.Node;
import serai.local.plan.Placement;
import serai.local.plan.Placer;
import serai.local.plan.Reconciler;
import serai.local.plan.Reschedule;
import serai.local.plan.Slot;
import serai.local.state.Alloc;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Table;

/** One evaluation inside one commit: reads the job and its allocations, plans, and writes the plan down. */
final class PlanStep {
    private final Commit commit;
    private final Evaluation evaluation;
    private final RandomGenerator random;
    private final Node node;
    private final List<Alloc> placed = new ArrayList<>();
    private final List<Alloc> stopped = new ArrayList<>();
    private final List<Evaluation> followUps = new ArrayList<>();
    private final ObjectNode queued = Json.object();
    private final ObjectNode failures = Json.object();
    private final ObjectNode updates = Json.object();
    private Optional<String> deployment = Optional.empty();

    PlanStep(Commit commit, Evaluation evaluation, RandomGenerator random) {
        this.commit = commit;
        this.evaluation = evaluation;
        this.random = random;
        this.node = new Node(commit.all(Table.NODES).findFirst().orElseThrow());
    }

    /** @return empty if there is still no room for what waited already */
    Optional<Outcome> run() {
        Optional<Job> job = commit.job(evaluation.namespace(), evaluation.jobId());
        List<Alloc> wanted = commit.allocs(evaluation.namespace(), evaluation.jobId())
                .filter(Alloc::wanted)
                .toList();
        job.ifPresent(j -> j.groups().forEach(group -> plan(j, group, of(group, wanted))));
        Set<String> groups = new HashSet<>();
        job.ifPresent(j -> j.groups().forEach(g -> groups.add(g.name())));
        wanted.stream().filter(a -> !groups.contains(a.group())).forEach(a -> stop(a, Reason.NOT_NEEDED));
        if (evaluation.blocked() && placed.isEmpty() && stopped.isEmpty() && !failures.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Outcome(
                evaluation,
                placed,
                stopped,
                followUps,
                queued,
                failures,
                Json.object("DesiredTGUpdates", updates, "PreemptedAllocs", NullNode.getInstance()),
                Optional.of(Json.text(node.doc(), "ComputedClass")),
                deployment));
    }

    private static List<Alloc> of(Job.Group group, List<Alloc> allocs) {
        return allocs.stream().filter(a -> a.group().equals(group.name())).toList();
    }

    private void plan(Job job, Job.Group group, List<Alloc> wanted) {
        boolean service = !job.isBatch();
        Predicate<Alloc> gone = a -> service && a.clientStatus().equals("complete"); // it went with the last agent
        wanted.stream().filter(gone).forEach(a -> stop(a, Reason.LOST));
        List<Slot> slots = wanted.stream()
                .filter(gone.negate())
                .map(a -> Slots.of(a, job, group, evaluation, commit))
                .toList();
        Changes changes = Reconciler.reconcile(job.stopped() ? 0 : group.count(), slots, commit.now());
        Set<String> replaced = new HashSet<>();
        changes.places().forEach(place -> place(job, group, place, wanted).ifPresent(replaced::add));
        for (Changes.Stop stop : changes.stops()) {
            if (stop.reason() != Reason.RESCHEDULED || replaced.contains(stop.allocation())) {
                stop(byId(wanted, stop.allocation()), stop.reason());
            }
        }
        changes.later().forEach(later -> followUp(byId(wanted, later.allocation()), later.at()));
        updates.set(group.name(), annotation(changes, refresh(job, wanted)));
        if (!queued.has(group.name())) {
            queued.put(group.name(), 0);
        }
        if (!placed.isEmpty() || changes.count(Reason.NOT_NEEDED) > 0) {
            deployment = Deployments.begin(commit, job, group, evaluation).or(() -> deployment);
        }
    }

    private static Alloc byId(List<Alloc> allocs, String id) {
        return allocs.stream().filter(a -> a.id().equals(id)).findFirst().orElseThrow();
    }

    /** @return the allocation that it replaces, if there was room */
    private Optional<String> place(Job job, Job.Group group, Changes.Place place, List<Alloc> wanted) {
        long start = System.nanoTime();
        Placement placement = failures.has(group.name()) && !place.rescheduled()
                ? null // one failure stands for the rest of the group
                : placer().place(job, group, hasInstance(job, group));
        if (!(placement instanceof Placement.Placed given)) {
            fail(group, placement, System.nanoTime() - start);
            return Optional.empty();
        }
        ObjectNode metrics = Metrics.of(node, placement, System.nanoTime() - start, 0);
        Alloc alloc = AllocForm.of(job, group, place.index(), node, given, evaluation.id(), metrics);
        if (place.replaces().isPresent()) {
            Alloc before = byId(wanted, place.replaces().get());
            alloc = alloc.with("PreviousAllocation", before.id());
            if (place.rescheduled()) {
                alloc = alloc.with("RescheduleTracker", tracker(group, before));
            }
            commit.putAlloc(current(before).with("NextAllocation", alloc.id()));
        }
        placed.add(commit.putAlloc(alloc.with("AllocModifyIndex", commit.index())));
        return place.replaces();
    }

    private ObjectNode tracker(Job.Group group, Alloc before) {
        return Reschedule.of(group.doc().path("ReschedulePolicy"))
                .nextTracker(
                        before.doc().path("RescheduleTracker"),
                        before.id(),
                        node.id(),
                        Slots.failedAt(before, commit),
                        commit.now());
    }

    private void fail(Job.Group group, Placement placement, long nanos) {
        if (placement != null && !failures.has(group.name())) {
            failures.set(group.name(), Metrics.of(node, placement, nanos, 0));
        } else {
            ObjectNode metrics = (ObjectNode) failures.get(group.name());
            failures.set(
                    group.name(),
                    Json.with(metrics, "CoalescedFailures", Json.number(metrics, "CoalescedFailures") + 1));
        }
        queued.put(group.name(), Json.number(queued, group.name()) + 1);
    }

    private boolean hasInstance(Job job, Job.Group group) {
        return commit.allocs(job.namespace(), job.id()).anyMatch(a -> a.group().equals(group.name()) && !a.ended());
    }

    private Placer placer() {
        Capacity used = Capacity.NONE;
        Set<Integer> ports = new HashSet<>();
        Set<String> devices = new HashSet<>();
        List<Alloc> holders = Stream.concat(commit.all(Table.ALLOCATIONS), commit.all(Table.ENDING))
                .map(Alloc::new)
                .toList();
        for (Alloc alloc : holders) {
            if (!alloc.ended()) {
                used = used.plus(Capacity.of(alloc.doc()));
                Json.at(alloc.doc(), "AllocatedResources", "Shared", "Ports")
                        .forEach(port -> ports.add(port.path("Value").asInt()));
                devices.addAll(Devices.heldBy(alloc.doc()));
            }
        }
        return new Placer(node, used, ports, devices, random::nextInt);
    }

    private void stop(Alloc alloc, Reason reason) {
        Alloc stop = commit.putAlloc(current(alloc)
                .with("DesiredStatus", "stop", "AllocModifyIndex", commit.index())
                .with("DesiredDescription", reason == Reason.RESCHEDULED ? null : reason.text));
        if (!stop.ended()) {
            stopped.add(stop);
        }
    }

    private Alloc current(Alloc alloc) {
        return commit.alloc(alloc.id()).orElse(alloc);
    }

    private void followUp(Alloc alloc, Instant at) {
        Evaluation next = commit.putEvaluation(new Evaluation(Json.object(
                "ID", Ids.next(),
                "JobID", evaluation.jobId(),
                "JobModifyIndex", Json.number(evaluation.doc(), "JobModifyIndex"),
                "Namespace", evaluation.namespace(),
                "PreviousEval", evaluation.id(),
                "Priority", evaluation.priority(),
                "Status", "pending",
                "TriggeredBy", "alloc-reschedule",
                "Type", Json.text(evaluation.doc(), "Type"),
                "WaitUntil", at.toString())));
        followUps.add(next);
        commit.putAlloc(current(alloc).with("FollowupEvalID", next.id()));
    }

    /** Instances that go on under a changed job, such as one with another count, belong to its new version. */
    private int refresh(Job job, List<Alloc> wanted) {
        int refreshed = 0;
        for (Alloc before : wanted) {
            Alloc alloc = current(before);
            if (alloc.wanted() && !alloc.ended() && alloc.job().version() != job.version()) {
                commit.putAlloc(alloc.with("Job", job.doc(), "AllocModifyIndex", commit.index()));
                refreshed++;
            }
        }
        return refreshed;
    }

    private static ObjectNode annotation(Changes changes, int inPlace) {
        int updated = changes.count(Reason.UPDATED);
        int migrated = changes.count(Reason.MIGRATED);
        return Json.object(
                "Canary",
                0,
                "DestructiveUpdate",
                updated,
                "Disconnect",
                0,
                "Ignore",
                Math.max(0, changes.ignored() - inPlace),
                "InPlaceUpdate",
                inPlace,
                "Migrate",
                migrated,
                "Place",
                changes.places().size() - updated - migrated,
                "Preemptions",
                0,
                "Reconnect",
                0,
                "RescheduleLater",
                changes.later().size(),
                "RescheduleNow",
                0,
                "Stop",
                changes.stops().size() - updated - migrated);
    }
}
