// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.job.JobChange;
import serai.local.job.JobForm;
import serai.local.job.JobRules;
import serai.local.state.Alloc;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;
import serai.local.state.Tables;

/** Registers, scales and ends jobs. */
public final class Jobs {
    /** As many as Nomad keeps. */
    private static final int VERSIONS = 6;

    private static final int SCALING_EVENTS = 20;

    private final Store store;
    private final Evaluator evaluator;
    private final Instances instances;

    public Jobs(Store store, Evaluator evaluator, Instances instances) {
        this.store = store;
        this.evaluator = evaluator;
        this.instances = instances;
    }

    /** The indexes of a change and the evaluation that followed. */
    public record Result(String evaluation, long evaluationIndex, long index, long jobModifyIndex, String warnings) {}

    public Result register(JobForm.Request request, Optional<String> namespace) {
        Job given = checked(request, namespace);
        Result result = store.commit("JobRegistered", commit -> {
            Optional<Job> stored = commit.job(given.namespace(), given.id());
            enforceIndex(request.enforceIndex(), request.jobModifyIndex(), stored);
            Job job = put(commit, request.preserveCounts() ? withCounts(given, stored) : given, stored);
            Evaluation evaluation = evaluation(commit, job, "job-register");
            return new Result(
                    evaluation.id(), commit.index(), commit.index(), job.jobModifyIndex(), JobRules.warnings(job));
        });
        evaluator.evaluate(result.evaluation());
        return result;
    }

    /** What registering would change and where its instances would find room; nothing is changed. */
    public ObjectNode plan(JobForm.Request request, Optional<String> namespace, boolean withDiff) {
        Job given = checked(request, namespace);
        return store.rehearse(commit -> {
            Optional<Job> stored = commit.job(given.namespace(), given.id());
            Job job = put(commit, given, stored);
            Evaluation evaluation = evaluation(commit, job, "job-register");
            Outcome outcome = evaluator.rehearse(commit, evaluation);
            Evaluation concluded = commit.evaluation(evaluation.id()).orElseThrow();
            return Plans.answer(commit, stored, job, outcome, concluded, withDiff);
        });
    }

    /**
     * Registers an earlier version again, as a new one.
     *
     * @param enforced the version that the job has to have now
     */
    public Result revert(String namespace, String id, long version, Optional<Long> enforced) {
        Result result = store.commit("JobRegistered", commit -> {
            Job stored = commit.job(namespace, id)
                    .orElseThrow(() -> new RefusedException(500, "job \"%s\" not found".formatted(id)));
            if (enforced.isPresent() && enforced.get() != stored.version()) {
                throw new RefusedException(
                        500,
                        "Current job has version %d; enforcing version %d".formatted(stored.version(), enforced.get()));
            }
            if (version == stored.version()) {
                throw new RefusedException(500, "can't revert to current version");
            }
            Job earlier = version(commit, namespace, id, version);
            Job job = put(commit, earlier.with("VersionTag", null), Optional.of(stored));
            Evaluation evaluation = evaluation(commit, job, "job-register");
            return new Result(evaluation.id(), commit.index(), commit.index(), job.jobModifyIndex(), "");
        });
        evaluator.evaluate(result.evaluation());
        return result;
    }

    private static Job version(Commit commit, String namespace, String id, long version) {
        return commit.get(Table.VERSIONS, Tables.jobKey(namespace, id)).stream()
                .flatMap(doc -> Json.each(doc.path("Versions")))
                .map(doc -> new Job((ObjectNode) doc))
                .filter(job -> job.version() == version)
                .findFirst()
                .orElseThrow(() -> new RefusedException(
                        500,
                        "job \"%s\" in namespace \"%s\" at version %d not found".formatted(id, namespace, version)));
    }

    /** Marks a version as one that is known to work. @return the index */
    public long mark(String namespace, String id, long version, boolean stable) {
        return store.commit("JobStabilityUpdated", commit -> {
            Job marked = version(commit, namespace, id, version).with("Stable", stable);
            String key = Tables.jobKey(namespace, id);
            ArrayNode versions = Json.array();
            for (JsonNode doc : commit.get(Table.VERSIONS, key).orElseThrow().path("Versions")) {
                versions.add(Json.number(doc, "Version") == version ? marked.doc() : doc);
            }
            commit.put(Table.VERSIONS, key, Json.object("Versions", versions));
            commit.job(namespace, id)
                    .filter(job -> job.version() == version)
                    .ifPresent(job -> commit.putJob(job.with("Stable", stable)));
            return commit.index();
        });
    }

    private Job checked(JobForm.Request request, Optional<String> namespace) {
        Job sent = request.job().orElseThrow(() -> new RefusedException(400, "Job must be specified"));
        if (sent.id().isEmpty()) {
            throw new RefusedException(400, "Job ID hasn't been provided");
        }
        Job job = namespace.map(name -> sent.with("Namespace", name)).orElse(sent);
        String complaint = JobRules.complaint(job);
        if (!complaint.isEmpty()) {
            throw new RefusedException(500, complaint);
        }
        if (store.read(tables -> tables.get(Table.NAMESPACES, job.namespace())).isEmpty()) {
            throw new RefusedException(
                    500,
                    "1 error occurred:\n\t* job \"%s\" is in nonexistent namespace \"%s\"\n\n"
                            .formatted(job.id(), job.namespace()));
        }
        if (!Json.text(job.doc(), "NodePool").equals("default")) {
            throw new RefusedException(
                    500,
                    "1 error occurred:\n\t* job \"%s\" is in nonexistent node pool \"%s\"\n\n"
                            .formatted(job.id(), Json.text(job.doc(), "NodePool")));
        }
        return job;
    }

    private static void enforceIndex(boolean enforce, long wanted, Optional<Job> stored) {
        if (!enforce) {
            return;
        }
        String start = "Enforcing job modify index %d: ".formatted(wanted);
        if (stored.isEmpty() && wanted != 0) {
            throw new RefusedException(500, start + "job does not exist");
        }
        if (stored.isPresent() && wanted == 0) {
            throw new RefusedException(500, start + "job already exists");
        }
        if (stored.isPresent() && wanted != stored.get().jobModifyIndex()) {
            throw new RefusedException(
                    500,
                    start + "job exists with conflicting job modify index: "
                            + stored.get().jobModifyIndex());
        }
    }

    private static Job withCounts(Job given, Optional<Job> stored) {
        return given.withGroups(group -> stored.flatMap(job -> job.group(group.name()))
                .map(before -> group.with("Count", before.count()))
                .orElse(group));
    }

    private static Job put(Commit commit, Job given, Optional<Job> stored) {
        Job job = withPolicies(commit, given, stored).with("Stop", false);
        if (stored.isPresent() && JobChange.same(stored.get(), job)) {
            return stored.get();
        }
        return putVersion(commit, job, stored);
    }

    private static Job putVersion(Commit commit, Job job, Optional<Job> stored) {
        Job next = commit.putJob(job.with(
                "CreateIndex", stored.map(Job::createIndex).orElse(commit.index()),
                "JobModifyIndex", commit.index(),
                "SubmitTime", commit.nowNanos(),
                "Status", stored.map(Job::status).orElse("pending"),
                "Version", stored.map(s -> s.version() + 1).orElse(0L)));
        String key = Tables.jobKey(job.namespace(), job.id());
        ArrayNode versions = Json.array().add(next.doc());
        commit.get(Table.VERSIONS, key)
                .ifPresent(before ->
                        Json.each(before.path("Versions")).limit(VERSIONS - 1L).forEach(versions::add));
        commit.put(Table.VERSIONS, key, Json.object("Versions", versions));
        return next;
    }

    /** A scaling policy keeps its ID; its indexes are set on the first registration only, as Nomad does. */
    private static Job withPolicies(Commit commit, Job given, Optional<Job> stored) {
        long index = stored.isPresent() ? 0 : commit.index();
        return given.withGroups(group -> group.scaling()
                .map(scaling -> group.with(
                        "Scaling",
                        Json.with(
                                scaling.doc(),
                                "ID",
                                policyId(group, stored),
                                "CreateIndex",
                                index,
                                "ModifyIndex",
                                index,
                                "Target",
                                Json.object(
                                        "Namespace", given.namespace(),
                                        "Job", given.id(),
                                        "Group", group.name()))))
                .orElse(group));
    }

    private static String policyId(Job.Group group, Optional<Job> stored) {
        return stored.flatMap(job -> job.group(group.name()))
                .flatMap(Job.Group::scaling)
                .map(Job.Scaling::id)
                .filter(id -> !id.isEmpty())
                .orElseGet(Ids::next);
    }

    static Evaluation evaluation(Commit commit, Job job, String trigger) {
        return commit.putEvaluation(new Evaluation(Json.object(
                "ID", Ids.next(),
                "JobID", job.id(),
                "JobModifyIndex", job.jobModifyIndex(),
                "Namespace", job.namespace(),
                "Priority", job.priority(),
                "Status", "pending",
                "TriggeredBy", trigger,
                "Type", job.type())));
    }

    /** @param count empty to note an event only */
    public record Scale(
            String group,
            Optional<Long> count,
            boolean error,
            String message,
            JsonNode meta,
            boolean enforceIndex,
            long jobModifyIndex) {}

    public Result scale(String namespace, String id, Scale scale) {
        Job job = store.read(tables -> tables.job(namespace, id))
                .orElseThrow(() -> new RefusedException(404, "job \"%s\" not found".formatted(id)));
        Job.Group group = job.group(scale.group())
                .orElseThrow(() -> new RefusedException(
                        400, "task group \"%s\" specified for scaling does not exist in job".formatted(scale.group())));
        scale.count().ifPresent(count -> checkBounds(group, count));
        Result result = store.commit("JobRegistered", commit -> {
            if (scale.count().isEmpty()) {
                noteScaling(commit, job, group, scale, null);
                return new Result("", 0, commit.index(), job.modifyIndex(), "");
            }
            Job scaled = setCount(commit, namespace, id, scale);
            String evaluation = evaluation(commit, scaled, "job-scaling").id();
            noteScaling(commit, job, group, scale, evaluation);
            return new Result(evaluation, commit.index(), commit.index(), commit.index(), "");
        });
        if (!result.evaluation().isEmpty()) {
            evaluator.evaluate(result.evaluation());
        }
        return result;
    }

    private static void checkBounds(Job.Group group, long count) {
        Optional<Job.Scaling> scaling = group.scaling();
        if (scaling.isPresent() && count < scaling.get().min()) {
            throw new RefusedException(
                    400,
                    "group count was less than scaling policy minimum: %d < %d"
                            .formatted(count, scaling.get().min()));
        }
        if (scaling.isPresent() && count > scaling.get().max()) {
            throw new RefusedException(
                    400,
                    "group count was greater than scaling policy maximum: %d > %d"
                            .formatted(count, scaling.get().max()));
        }
    }

    private static Job setCount(Commit commit, String namespace, String id, Scale scale) {
        Job job = commit.job(namespace, id)
                .orElseThrow(() -> new RefusedException(404, "job \"%s\" not found".formatted(id)));
        enforceIndex(scale.enforceIndex(), scale.jobModifyIndex(), Optional.of(job));
        boolean deploying = commit.deployments(namespace, id)
                .anyMatch(d -> Json.text(d, "Status").equals("running"));
        if (deploying) {
            throw new RefusedException(400, "job scaling blocked due to active deployment");
        }
        Job scaled = job.withGroups(g ->
                g.name().equals(scale.group()) ? g.with("Count", scale.count().get()) : g);
        if (Json.same(scaled.doc(), job.doc())) {
            return commit.putJob(job.with("JobModifyIndex", commit.index(), "SubmitTime", commit.nowNanos()));
        }
        return putVersion(commit, scaled, Optional.of(job));
    }

    private static void noteScaling(Commit commit, Job job, Job.Group group, Scale scale, String evaluation) {
        NullNode none = NullNode.getInstance();
        ObjectNode event = Json.object(
                "Count", scale.count().<Object>map(c -> c).orElse(none),
                "CreateIndex", commit.index(),
                "Error", scale.error(),
                "EvalID", evaluation == null ? none : evaluation,
                "Message", scale.message(),
                "Meta", scale.meta().isObject() ? scale.meta() : none,
                "PreviousCount", group.count(),
                "Time", commit.nowNanos());
        String key = Tables.jobKey(job.namespace(), job.id());
        ObjectNode all = commit.get(Table.SCALING_EVENTS, key).orElse(Json.object());
        ArrayNode events = Json.array().add(event);
        Json.each(all.path(group.name())).limit(SCALING_EVENTS - 1L).forEach(events::add);
        commit.put(Table.SCALING_EVENTS, key, Json.with(all, group.name(), events));
    }

    /** Ends a job; an unknown one is no error. With {@code purge} it and its allocations are forgotten at once. */
    public Result deregister(String namespace, String id, boolean purge) {
        Optional<Job> known = store.read(tables -> tables.job(namespace, id));
        if (known.isEmpty()) {
            long index = store.read(Tables::index);
            return new Result("", 0, index, 0, "");
        }
        return purge ? purge(known.get()) : stop(known.get());
    }

    private Result stop(Job known) {
        Result result = store.commit("JobDeregistered", commit -> {
            Job job = commit.job(known.namespace(), known.id()).orElse(known);
            Job stopped = putVersion(commit, job.with("Stop", true), Optional.of(job));
            Evaluation evaluation = evaluation(commit, stopped, "job-deregister");
            return new Result(evaluation.id(), commit.index(), commit.index(), stopped.jobModifyIndex(), "");
        });
        evaluator.evaluate(result.evaluation());
        return result;
    }

    private Result purge(Job known) {
        record Purged(Result result, List<Alloc> allocations) {}
        Purged purged = store.commit("JobDeregistered", commit -> {
            commit.removeJob(known);
            List<Alloc> allocations =
                    commit.allocs(known.namespace(), known.id()).toList();
            for (Alloc alloc : allocations) {
                commit.remove(Table.ALLOCATIONS, alloc.id());
                if (!alloc.ended()) { // its devices and its memory are not free before its processes have gone
                    commit.put(
                            Table.ENDING,
                            alloc.id(),
                            alloc.with("Job", null, "TaskStates", null).doc());
                }
            }
            commit.evaluations(known.namespace(), known.id())
                    .filter(Evaluation::open)
                    .forEach(e ->
                            commit.putEvaluation(e.with("Status", "canceled", "StatusDescription", "job was purged")));
            commit.deployments(known.namespace(), known.id())
                    .forEach(d -> commit.remove(Table.DEPLOYMENTS, Json.text(d, "ID")));
            Evaluation evaluation = evaluation(commit, known.with("JobModifyIndex", commit.index()), "job-deregister");
            return new Purged(
                    new Result(evaluation.id(), commit.index(), commit.index(), commit.index(), ""), allocations);
        });
        purged.allocations().forEach(alloc -> instances.destroy(alloc.id()));
        evaluator.evaluate(purged.result().evaluation());
        evaluator.unblock();
        return purged.result();
    }

    public Result evaluate(String namespace, String id) {
        Result result = store.commit("EvaluationUpdated", commit -> {
            Job job = commit.job(namespace, id).orElseThrow(() -> new RefusedException(404, "job not found"));
            Evaluation evaluation = evaluation(commit, job, "job-register");
            return new Result(evaluation.id(), commit.index(), commit.index(), job.jobModifyIndex(), "");
        });
        evaluator.evaluate(result.evaluation());
        return result;
    }
}
