// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import serai.local.doc.Json;
import serai.local.job.Job;

/** One commit in the making: reads see its own changes, nobody else does before it ends. */
public final class Commit {
    private record Key(Table table, String key) {}

    private final Tables before;
    private final long index;
    private final String type;
    private final Instant now;
    private final Map<Key, ObjectNode> changes = new LinkedHashMap<>();
    private final List<Event> events = new ArrayList<>();
    private final Set<String> touchedJobs = new LinkedHashSet<>();

    Commit(Tables before, String type, Instant now) {
        this.before = before;
        this.index = before.index() + 1;
        this.type = type;
        this.now = now;
    }

    public long index() {
        return index;
    }

    public Instant now() {
        return now;
    }

    public long nowNanos() {
        return Times.nanos(now);
    }

    public Optional<ObjectNode> get(Table table, String key) {
        Key at = new Key(table, key);
        return changes.containsKey(at) ? Optional.ofNullable(changes.get(at)) : before.get(table, key);
    }

    public Stream<ObjectNode> all(Table table) {
        return merged(table, before.entries(table), doc -> true);
    }

    private Stream<ObjectNode> ofJob(Table table, String namespace, String jobId) {
        String job = Tables.jobKey(namespace, jobId);
        return merged(table, before.ofJob(table, job), doc -> Tables.jobKey(doc).equals(job));
    }

    private Stream<ObjectNode> merged(Table table, Map<String, ObjectNode> stored, Predicate<ObjectNode> wanted) {
        Map<String, ObjectNode> merged = new LinkedHashMap<>(stored);
        changes.forEach((key, doc) -> {
            if (key.table() == table) {
                if (doc == null) {
                    merged.remove(key.key());
                } else if (wanted.test(doc)) {
                    merged.put(key.key(), doc);
                }
            }
        });
        return merged.values().stream();
    }

    /**
     * How long it has had its status, as of before this commit.
     *
     * @return empty if it had it before this agent started
     */
    public Optional<Duration> statusAge(Table table, String key) {
        return before.statusAge(table, key);
    }

    /** The same as far as this agent knows: what had its status before it started has it since then. */
    public Duration statusSeenFor(Table table, String key) {
        return statusAge(table, key).orElseGet(before::agentAge);
    }

    public Optional<Job> job(String namespace, String id) {
        return get(Table.JOBS, Tables.jobKey(namespace, id)).map(Job::new);
    }

    public Optional<Alloc> alloc(String id) {
        return get(Table.ALLOCATIONS, id).map(Alloc::new);
    }

    public Optional<Evaluation> evaluation(String id) {
        return get(Table.EVALUATIONS, id).map(Evaluation::new);
    }

    public Stream<Alloc> allocs(String namespace, String jobId) {
        return ofJob(Table.ALLOCATIONS, namespace, jobId).map(Alloc::new);
    }

    public Stream<Evaluation> evaluations(String namespace, String jobId) {
        return ofJob(Table.EVALUATIONS, namespace, jobId).map(Evaluation::new);
    }

    public Stream<ObjectNode> deployments(String namespace, String jobId) {
        return ofJob(Table.DEPLOYMENTS, namespace, jobId);
    }

    /** Puts any document; no event is told. */
    public void put(Table table, String key, ObjectNode doc) {
        changes.put(new Key(table, key), doc);
    }

    public void remove(Table table, String key) {
        changes.put(new Key(table, key), null);
    }

    public Job putJob(Job job) {
        Job stamped = job.with("ModifyIndex", index());
        put(Table.JOBS, Tables.jobKey(job.namespace(), job.id()), stamped.doc());
        touchedJobs.add(Tables.jobKey(job.namespace(), job.id()));
        return stamped;
    }

    public void removeJob(Job job) {
        String key = Tables.jobKey(job.namespace(), job.id());
        remove(Table.JOBS, key);
        remove(Table.VERSIONS, key);
        remove(Table.SCALING_EVENTS, key);
        touchedJobs.remove(key);
        events.add(new Event(
                "Job", type, job.id(), job.namespace(), List.of(), Json.object("Deleted", true, "Job", job.doc())));
    }

    public Alloc putAlloc(Alloc alloc) {
        Alloc stamped = alloc.with(
                "CreateIndex",
                alloc.createIndex() == 0 ? index() : alloc.createIndex(),
                "CreateTime",
                alloc.doc().has("CreateTime") ? alloc.doc().get("CreateTime") : nowNanos(),
                "ModifyIndex",
                index(),
                "ModifyTime",
                nowNanos());
        put(Table.ALLOCATIONS, alloc.id(), stamped.doc());
        touchedJobs.add(Tables.jobKey(alloc.namespace(), alloc.jobId()));
        events.add(new Event(
                "Allocation",
                type,
                alloc.id(),
                alloc.namespace(),
                List.of(alloc.jobId(), Json.text(alloc.doc(), "DeploymentID")),
                Json.object("Allocation", Json.with(stamped.doc(), "Job", null))));
        return stamped;
    }

    public Evaluation putEvaluation(Evaluation evaluation) {
        Evaluation stamped = evaluation.with(
                "CreateIndex",
                evaluation.createIndex() == 0 ? index() : evaluation.createIndex(),
                "CreateTime",
                evaluation.doc().has("CreateTime") ? evaluation.doc().get("CreateTime") : nowNanos(),
                "ModifyIndex",
                index(),
                "ModifyTime",
                nowNanos());
        put(Table.EVALUATIONS, evaluation.id(), stamped.doc());
        touchedJobs.add(Tables.jobKey(evaluation.namespace(), evaluation.jobId()));
        events.add(new Event(
                "Evaluation",
                type,
                evaluation.id(),
                evaluation.namespace(),
                List.of(evaluation.jobId(), Json.text(evaluation.doc(), "DeploymentID")),
                Json.object("Evaluation", stamped.doc())));
        return stamped;
    }

    public void putDeployment(ObjectNode deployment) {
        ObjectNode stamped = Json.with(
                deployment,
                "CreateIndex",
                deployment.has("CreateIndex") ? deployment.get("CreateIndex") : index(),
                "CreateTime",
                deployment.has("CreateTime") ? deployment.get("CreateTime") : nowNanos(),
                "ModifyIndex",
                index(),
                "ModifyTime",
                nowNanos());
        String id = Json.text(deployment, "ID");
        put(Table.DEPLOYMENTS, id, stamped);
        touchedJobs.add(Tables.jobKey(Json.text(deployment, "Namespace"), Json.text(deployment, "JobID")));
        events.add(new Event(
                "Deployment",
                type,
                id,
                Json.text(deployment, "Namespace"),
                List.of(Json.text(deployment, "JobID")),
                Json.object("Deployment", stamped)));
    }

    public void putNode(ObjectNode node) {
        ObjectNode stamped = Json.with(
                node,
                "CreateIndex",
                node.has("CreateIndex") ? node.get("CreateIndex") : index(),
                "ModifyIndex",
                index());
        put(Table.NODES, Json.text(node, "ID"), stamped);
        events.add(new Event("Node", type, Json.text(node, "ID"), "", List.of(), Json.object("Node", stamped)));
    }

    /** Brings the jobs' status up to date. @return false if nothing changed at all */
    boolean finish() {
        for (String key : touchedJobs) {
            get(Table.JOBS, key).map(Job::new).ifPresent(this::settle);
        }
        return !changes.isEmpty();
    }

    private void settle(Job job) {
        String status = JobStatus.of(
                job,
                allocs(job.namespace(), job.id()).toList(),
                evaluations(job.namespace(), job.id()).toList(),
                deployments(job.namespace(), job.id())
                        .anyMatch(d -> Json.text(d, "Status").equals("running")));
        Job settled = job;
        if (!status.equals(job.status())) {
            settled = putJob(job.with("Status", status));
        }
        if (settled.modifyIndex() == index()) {
            events.addFirst(
                    new Event("Job", type, job.id(), job.namespace(), List.of(), Json.object("Job", settled.doc())));
        }
    }

    List<Change> changes() {
        return changes.entrySet().stream()
                .map(e -> new Change(e.getKey().table(), e.getKey().key(), e.getValue()))
                .toList();
    }

    List<Event> events() {
        return List.copyOf(events);
    }
}
