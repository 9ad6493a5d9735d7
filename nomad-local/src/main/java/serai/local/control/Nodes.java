// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.state.Alloc;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;
import serai.local.state.Tables;

/** Takes the node out of service and back. Nothing can be placed elsewhere, so a drain ends what runs. */
public final class Nodes {
    private static final int EVENTS = 10;
    private static final Duration LOOK = Duration.ofMillis(500);

    private final Store store;
    private final Evaluator evaluator;
    private final Alarm alarm;
    private final InstantSource clock;
    /** By the clock that nobody sets: when everything that is left has to go; empty for never. */
    private volatile OptionalLong forcedAt = OptionalLong.empty();

    public Nodes(Store store, Evaluator evaluator, Alarm alarm, InstantSource clock) {
        this.store = store;
        this.evaluator = evaluator;
        this.alarm = alarm;
        this.clock = clock;
    }

    /** The index of a change, and the evaluations that came of it. */
    public record Result(long index, long evaluationIndex, List<String> evaluations) {
        private static Result of(Commit commit, List<String> evaluations) {
            return new Result(commit.index(), evaluations.isEmpty() ? 0 : commit.index(), evaluations);
        }
    }

    /** @param wanted eligible or ineligible */
    public Result mark(String id, String wanted) {
        if (!List.of("eligible", "ineligible").contains(wanted)) {
            throw new RefusedException(500, "invalid scheduling eligibility \"%s\"".formatted(wanted));
        }
        boolean eligible = wanted.equals("eligible");
        Result result = store.commit("NodeEligibility", commit -> {
            ObjectNode node = known(commit, id);
            if (eligible && Json.flag(node, "Drain")) {
                throw new RefusedException(
                        500, "can not set node's scheduling eligibility to eligible while it is draining");
            }
            commit.putNode(event(
                    Json.with(node, "SchedulingEligibility", wanted),
                    commit,
                    "Cluster",
                    "Node marked as " + wanted + " for scheduling"));
            return Result.of(commit, eligible ? evaluations(commit, id, "node-update", jobsHere(commit)) : List.of());
        });
        follow(result);
        return result;
    }

    /**
     * Begins or changes a drain.
     *
     * @param deadline when everything that is left is stopped; zero for never, negative for at once
     */
    public Result drain(String id, Duration deadline, boolean ignoreSystemJobs, JsonNode meta) {
        Result result = store.commit("NodeDrain", commit -> {
            ObjectNode node = known(commit, id);
            boolean already = Json.flag(node, "Drain");
            Instant now = commit.now();
            JsonNode begun =
                    already ? Json.at(node, "DrainStrategy", "StartedAt") : Json.MAPPER.valueToTree(now.toString());
            ObjectNode strategy = Json.object(
                    "Deadline",
                    deadline.toNanos(),
                    "ForceDeadline",
                    deadline.isPositive() ? now.plus(deadline).toString() : "0001-01-01T00:00:00Z",
                    "IgnoreSystemJobs",
                    ignoreSystemJobs,
                    "StartedAt",
                    begun);
            ObjectNode draining = Json.with(
                    node,
                    "Drain",
                    true,
                    "DrainStrategy",
                    strategy,
                    "LastDrain",
                    lastDrain(commit, already ? node.path("LastDrain") : Json.object(), "draining", meta),
                    "SchedulingEligibility",
                    "ineligible");
            commit.putNode(event(
                    draining, commit, "Drain", already ? "Node drain strategy updated" : "Node drain strategy set"));
            return Result.of(commit, List.of());
        });
        watch(deadline);
        return result;
    }

    /** Ends a drain before it is through; what it stopped stays stopped until the node is eligible. */
    public Result cancelDrain(String id, boolean markEligible, JsonNode meta) {
        Result result = store.commit("NodeDrain", commit -> {
            ObjectNode node = known(commit, id);
            ObjectNode after = Json.with(node, "Drain", false, "DrainStrategy", NullNode.getInstance());
            if (markEligible) {
                after.put("SchedulingEligibility", "eligible");
            }
            if (Json.flag(node, "Drain")) {
                after.set("LastDrain", lastDrain(commit, node.path("LastDrain"), "canceled", meta));
            }
            commit.putNode(event(after, commit, "Drain", "Node drain disabled"));
            return Result.of(
                    commit, markEligible ? evaluations(commit, id, "node-update", jobsHere(commit)) : List.of());
        });
        follow(result);
        return result;
    }

    /** Goes on with a drain that an earlier agent began. Its deadline does not come later for that. */
    public void resume() {
        Optional<ObjectNode> draining = store.read(tables ->
                tables.all(Table.NODES).filter(n -> Json.flag(n, "Drain")).findFirst());
        draining.map(node -> node.path("DrainStrategy")).ifPresent(strategy -> {
            Duration whole = Duration.ofNanos(Json.number(strategy, "Deadline"));
            if (whole.isPositive()) {
                Duration left = Duration.between(clock.instant(), Instant.parse(Json.text(strategy, "ForceDeadline")));
                Duration soon = left.isPositive() ? left : Duration.ofNanos(1);
                watch(soon.compareTo(whole) > 0 ? whole : soon);
            } else {
                watch(whole);
            }
        });
    }

    private void watch(Duration deadline) {
        forcedAt = deadline.isZero()
                ? OptionalLong.empty()
                : OptionalLong.of(System.nanoTime() + Math.max(0, deadline.toNanos()));
        look();
    }

    private void look() {
        alarm.untilWritten("a drain", this::step);
    }

    /** What is left at the deadline has to go at once. */
    private void step() {
        OptionalLong force = forcedAt;
        boolean now = force.isPresent() && System.nanoTime() - force.getAsLong() >= 0;
        record Step(boolean done, Result result) {}
        Step step = store.commit("NodeDrain", commit -> {
            Optional<ObjectNode> node =
                    commit.all(Table.NODES).filter(n -> Json.flag(n, "Drain")).findFirst();
            if (node.isEmpty()) {
                return new Step(true, Result.of(commit, List.of()));
            }
            List<Alloc> leaving = leaving(commit, now);
            leaving.forEach(alloc -> commit.putAlloc(alloc.with("DesiredTransition", Json.object("Migrate", true))));
            boolean left = commit.all(Table.ALLOCATIONS).map(Alloc::new).anyMatch(a -> a.wanted() && !a.ended());
            if (!left) {
                commit.putNode(complete(commit, node.get(), now));
                return new Step(true, Result.of(commit, List.of()));
            }
            Set<String> jobs = new TreeSet<>();
            leaving.forEach(alloc -> jobs.add(Tables.jobKey(alloc.namespace(), alloc.jobId())));
            List<String> evaluations = evaluations(commit, Json.text(node.get(), "ID"), "node-drain", jobs);
            return new Step(false, Result.of(commit, evaluations));
        });
        step.result().evaluations().forEach(evaluator::evaluate);
        if (!step.done()) {
            alarm.in(LOOK, this::look);
        }
    }

    private static List<Alloc> leaving(Commit commit, boolean all) {
        List<Alloc> leaving = new ArrayList<>();
        for (Job job : commit.all(Table.JOBS).map(Job::new).toList()) {
            for (Job.Group group : job.groups()) {
                List<Alloc> here = commit.allocs(job.namespace(), job.id())
                        .filter(a -> a.group().equals(group.name()) && a.wanted() && !a.ended() && !a.migrating())
                        .toList();
                leaving.addAll(all ? here : mayLeave(commit, job, group, here));
            }
        }
        return leaving;
    }

    /** As the group's migrate block allows: of the healthy ones as many as leave it with its count less {@code MaxParallel}. */
    private static List<Alloc> mayLeave(Commit commit, Job job, Job.Group group, List<Alloc> here) {
        if (job.isBatch()) {
            return List.of(); // it may end by itself until the deadline
        }
        Duration healthyAfter = Duration.ofNanos(
                Json.at(group.doc(), "Migrate", "MinHealthyTime").asLong());
        long healthy = here.stream()
                .filter(a -> a.clientStatus().equals("running")
                        && commit.statusSeenFor(Table.ALLOCATIONS, a.id()).compareTo(healthyAfter) >= 0)
                .count();
        long must =
                group.count() - Json.at(group.doc(), "Migrate", "MaxParallel").asLong(1);
        return here.stream().limit(Math.max(0, healthy - must)).toList();
    }

    private static ObjectNode complete(Commit commit, ObjectNode node, boolean deadlined) {
        ObjectNode after = Json.with(
                node,
                "Drain",
                false,
                "DrainStrategy",
                NullNode.getInstance(),
                "LastDrain",
                lastDrain(commit, node.path("LastDrain"), "complete", NullNode.getInstance()));
        ObjectNode told = event(after, commit, "Drain", "Node drain complete");
        if (deadlined) {
            ArrayNode events = (ArrayNode) told.get("Events").deepCopy();
            ((ObjectNode) events.get(events.size() - 1)).set("Details", Json.object("deadline_reached", "true"));
            told.set("Events", events);
        }
        return told;
    }

    private static ObjectNode lastDrain(Commit commit, JsonNode before, String status, JsonNode meta) {
        String now = commit.now().truncatedTo(ChronoUnit.SECONDS).toString();
        return Json.object(
                "AccessorID",
                "token:acls-disabled",
                "Meta",
                meta.isObject() && !meta.isEmpty()
                        ? meta
                        : before.path("Meta").isObject() ? before.get("Meta") : NullNode.getInstance(),
                "StartedAt",
                before.has("StartedAt") ? before.get("StartedAt") : now,
                "Status",
                status,
                "UpdatedAt",
                now);
    }

    private static ObjectNode known(Commit commit, String id) {
        return commit.get(Table.NODES, id).orElseThrow(() -> new RefusedException(404, "node not found"));
    }

    private static ObjectNode event(ObjectNode node, Commit commit, String subsystem, String message) {
        ArrayNode events = Json.array();
        JsonNode before = node.path("Events");
        for (int i = Math.max(0, before.size() - EVENTS + 1); i < before.size(); i++) {
            events.add(before.get(i));
        }
        events.add(Json.object(
                "CreateIndex", commit.index(),
                "Details", NullNode.getInstance(),
                "Message", message,
                "Subsystem", subsystem,
                "Timestamp", commit.now().toString()));
        return Json.with(node, "Events", events);
    }

    private static Set<String> jobsHere(Commit commit) {
        Set<String> jobs = new TreeSet<>();
        commit.all(Table.ALLOCATIONS)
                .map(Alloc::new)
                .filter(a -> !a.ended())
                .forEach(a -> jobs.add(Tables.jobKey(a.namespace(), a.jobId())));
        return jobs;
    }

    private static List<String> evaluations(Commit commit, String node, String trigger, Set<String> jobKeys) {
        return jobKeys.stream()
                .flatMap(key -> commit.get(Table.JOBS, key).stream())
                .map(doc -> {
                    Evaluation evaluation = Jobs.evaluation(commit, new Job(doc), trigger);
                    return commit.putEvaluation(evaluation.with("NodeID", node, "NodeModifyIndex", commit.index()))
                            .id();
                })
                .toList();
    }

    private void follow(Result result) {
        result.evaluations().forEach(evaluator::evaluate);
        evaluator.unblock();
    }
}
