// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.Optional;
import serai.local.control.Jobs;
import serai.local.control.RefusedException;
import serai.local.doc.Json;
import serai.local.doc.Shape;
import serai.local.http.Reads.Found;
import serai.local.job.Job;
import serai.local.job.JobDiff;
import serai.local.job.JobForm;
import serai.local.job.JobRules;
import serai.local.state.Evaluation;
import serai.local.state.Table;
import serai.local.state.Tables;

/** {@code /v1/jobs} and {@code /v1/job/...}. */
final class JobRoutes {
    private static final Shape SCALE = new Shape("ScalingRequest")
            .optional("Count", Shape.Scalar.INT64)
            .optional(
                    "Target",
                    new Shape("Target")
                            .optional("Group", Shape.Scalar.STRING)
                            .optional("Job", Shape.Scalar.STRING)
                            .optional("Namespace", Shape.Scalar.STRING)
                            .nested())
            .optional("Message", Shape.Scalar.STRING)
            .optional("Error", Shape.Scalar.BOOL)
            .optional("Meta", new Shape.Free())
            .optional("EnforceIndex", Shape.Scalar.BOOL)
            .optional("JobModifyIndex", new Shape.Free());

    private static final Shape PLAN = new Shape("JobPlanRequest").optional("Diff", Shape.Scalar.BOOL);
    private static final Shape VERSION = new Shape("JobRevertRequest")
            .optional("JobID", Shape.Scalar.STRING)
            .optional("JobVersion", Shape.Scalar.INT64)
            .optional("EnforcePriorVersion", Shape.Scalar.INT64)
            .optional("Stable", Shape.Scalar.BOOL);

    private final Jobs jobs;
    private final Reads reads;

    JobRoutes(Jobs jobs, Reads reads) {
        this.jobs = jobs;
        this.reads = reads;
    }

    void addTo(Routes routes) {
        routes.readWrite("/v1/jobs", this::list, call -> register(call, Optional.empty()))
                .write("/v1/validate/job", this::validate)
                .readWrite("/v1/job/*/scale", this::scaleStatus, this::scale)
                .read("/v1/job/*/summary", this::summary)
                .read("/v1/job/*/allocations", this::allocations)
                .read("/v1/job/*/evaluations", this::evaluations)
                .read("/v1/job/*/versions", this::versions)
                .read("/v1/job/*/deployments", this::deployments)
                .read("/v1/job/*/deployment", this::deployment)
                .write("/v1/job/*/evaluate", this::evaluate)
                .write("/v1/job/*/plan", this::plan)
                .write("/v1/job/*/revert", this::revert)
                .write("/v1/job/*/stable", this::stable)
                .write("/v1/job/*/dispatch", call -> refused("parameterized jobs"))
                .write("/v1/job/*/periodic/force", call -> refused("periodic jobs"))
                .readWriteDelete(
                        "/v1/job/*/versions/*/tag",
                        call -> refused("tags of versions"),
                        call -> refused("tags of versions"),
                        call -> refused("tags of versions"))
                .readWriteDelete(
                        "/v1/job/*",
                        this::read,
                        call -> register(call, Optional.of(call.parameter(0))),
                        this::deregister);
    }

    private static Reply refused(String what) {
        throw new RefusedException(501, "nomad-local does not know " + what);
    }

    private Reply list(Call call) throws InterruptedException {
        String prefix = call.query("prefix", "");
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.JOBS),
                        tables.jobs()
                                .filter(job -> call.inNamespace(job.namespace())
                                        && job.id().startsWith(prefix))
                                .map(job -> (JsonNode) Views.job(tables, job, call.flag("meta")))
                                .collect(Json.toArray())));
    }

    private Reply register(Call call, Optional<String> pathId) {
        JobForm.Request request = JobForm.request(call.json("api.JobRegisterRequest"));
        pathId.ifPresent(id -> request.job().filter(job -> !job.id().equals(id)).ifPresent(job -> {
            throw new RefusedException(400, "Job ID does not match name");
        }));
        Jobs.Result result = jobs.register(request, call.query("namespace").filter(n -> !n.isEmpty()));
        return changed(result, false, "Warnings", result.warnings());
    }

    private static Reply changed(Jobs.Result result, boolean leader, Object... more) {
        ObjectNode body = Json.object(
                "EvalCreateIndex", result.evaluationIndex(),
                "EvalID", result.evaluation(),
                "Index", result.index(),
                "JobModifyIndex", result.jobModifyIndex(),
                "KnownLeader", leader,
                "LastContact", 0,
                "NextToken", "");
        body.setAll(Json.object(more));
        return Reply.json(body).with("X-Nomad-Index", result.index());
    }

    private Reply validate(Call call) {
        Job job = JobForm.request(call.json("api.JobValidateRequest"))
                .job()
                .orElseThrow(() -> new RefusedException(400, "Job must be specified"));
        String complaint = JobRules.complaint(job);
        ArrayNode errors = Json.array();
        complaint.lines().filter(line -> line.startsWith("\t* ")).forEach(line -> errors.add(line.substring(3)));
        return Reply.json(Json.object(
                "DriverConfigValidated",
                true,
                "Error",
                complaint,
                "ValidationErrors",
                complaint.isEmpty() ? NullNode.getInstance() : errors,
                "Warnings",
                JobRules.warnings(job)));
    }

    private Reply read(Call call) throws InterruptedException {
        return reads.answer(call, tables -> found(tables, call, job -> Found.of(job.modifyIndex(), job.doc())));
    }

    private static Found found(Tables tables, Call call, java.util.function.Function<Job, Found> view) {
        return Found.of(
                tables.job(call.namespace(), call.parameter(0)).map(view), tables.index(Table.JOBS), "job not found");
    }

    private Reply summary(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> found(
                        tables, call, job -> Found.of(Views.lastChange(tables, job), Views.summary(tables, job))));
    }

    private Reply scaleStatus(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> found(
                        tables, call, job -> Found.of(Views.lastChange(tables, job), Views.scaleStatus(tables, job))));
    }

    private Reply allocations(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.ALLOCATIONS),
                        tables.allocs()
                                .filter(a -> a.jobId().equals(call.parameter(0)) && call.inNamespace(a.namespace()))
                                .map(a -> (JsonNode) Views.alloc(a, false, true))
                                .collect(Json.toArray())));
    }

    private Reply evaluations(Call call) throws InterruptedException {
        return reads.answer(call, tables -> {
            var found = tables.evaluations()
                    .filter(e -> e.jobId().equals(call.parameter(0)) && call.inNamespace(e.namespace()))
                    .toList();
            long index =
                    found.stream().mapToLong(Evaluation::modifyIndex).max().orElse(tables.index(Table.EVALUATIONS));
            return Found.of(index, found.stream().map(e -> (JsonNode) e.doc()).collect(Json.toArray()));
        });
    }

    private Reply versions(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.get(Table.VERSIONS, Tables.jobKey(call.namespace(), call.parameter(0)))
                                .map(doc -> versions(tables, call, doc)),
                        tables.index(Table.JOBS),
                        "job versions not found"));
    }

    private static Found versions(Tables tables, Call call, ObjectNode doc) {
        ArrayNode versions = (ArrayNode) doc.get("Versions").deepCopy();
        long index = tables.job(call.namespace(), call.parameter(0))
                .map(job -> {
                    versions.set(0, job.doc()); // with its present status
                    return job.modifyIndex();
                })
                .orElse(tables.index(Table.JOBS));
        return Found.of(
                index,
                Json.object(
                        "Diffs",
                        call.flag("diffs") ? diffs(versions) : NullNode.getInstance(),
                        "Index",
                        index,
                        "KnownLeader",
                        true,
                        "LastContact",
                        0,
                        "NextToken",
                        "",
                        "Versions",
                        versions));
    }

    /** From each version to the one before it. */
    private static ArrayNode diffs(ArrayNode versions) {
        ArrayNode diffs = Json.array();
        for (int i = 0; i + 1 < versions.size(); i++) {
            diffs.add(JobDiff.between(
                    Optional.of(new Job((ObjectNode) versions.get(i + 1))), new Job((ObjectNode) versions.get(i))));
        }
        return diffs;
    }

    private Reply deployments(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.DEPLOYMENTS),
                        tables.deployments(call.namespace(), call.parameter(0))
                                .map(d -> (JsonNode) d)
                                .collect(Json.toArray())));
    }

    private Reply deployment(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.DEPLOYMENTS),
                        tables.deployments(call.namespace(), call.parameter(0))
                                .max(Comparator.comparingLong(d -> Json.number(d, "CreateIndex")))
                                .map(d -> (JsonNode) d)
                                .orElse(NullNode.getInstance())));
    }

    private Reply scale(Call call) {
        ObjectNode request = SCALE.conform(call.json("api.ScalingRequest"));
        JsonNode target = request.path("Target");
        String id = call.parameter(0);
        if (!Json.text(target, "Job").isEmpty() && !Json.text(target, "Job").equals(id)) {
            throw new RefusedException(400, "job ID in payload did not match URL");
        }
        if (Json.text(target, "Group").isEmpty()) {
            throw new RefusedException(400, "missing task group name for scaling action");
        }
        boolean counted = request.has("Count");
        if (counted && Json.flag(request, "Error")) {
            throw new RefusedException(400, "scaling action should not contain count if error is true");
        }
        if (counted && Json.number(request, "Count") < 0) {
            throw new RefusedException(400, "scaling action count can't be negative");
        }
        Jobs.Result result = jobs.scale(
                call.namespace(),
                id,
                new Jobs.Scale(
                        Json.text(target, "Group"),
                        counted ? Optional.of(Json.number(request, "Count")) : Optional.empty(),
                        Json.flag(request, "Error"),
                        Json.text(request, "Message"),
                        request.path("Meta"),
                        Json.flag(request, "EnforceIndex"),
                        Json.number(request, "JobModifyIndex")));
        return changed(result, true, "Warnings", "");
    }

    private Reply deregister(Call call) {
        Jobs.Result result = jobs.deregister(call.namespace(), call.parameter(0), call.flag("purge"));
        return changed(result, false, "VolumeEvalID", "", "VolumeEvalIndex", 0);
    }

    private Reply evaluate(Call call) {
        return changed(jobs.evaluate(call.namespace(), call.parameter(0)), false, "Warnings", "");
    }

    private Reply plan(Call call) {
        JsonNode body = call.json("api.JobPlanRequest");
        JobForm.Request request = JobForm.request(body);
        Job job = request.job().orElseThrow(() -> new RefusedException(400, "Job must be specified"));
        if (!job.id().equals(call.parameter(0))) {
            throw new RefusedException(400, "Job ID does not match");
        }
        boolean withDiff = Json.flag(PLAN.conform(body), "Diff");
        return Reply.json(jobs.plan(request, call.query("namespace").filter(n -> !n.isEmpty()), withDiff));
    }

    private Reply revert(Call call) {
        ObjectNode request = VERSION.conform(call.json("api.JobRevertRequest"));
        matching(call, request);
        Optional<Long> enforced = Optional.of(request.path("EnforcePriorVersion"))
                .filter(JsonNode::isNumber)
                .map(JsonNode::asLong);
        Jobs.Result result =
                jobs.revert(call.namespace(), call.parameter(0), Json.number(request, "JobVersion"), enforced);
        return changed(result, false, "Warnings", result.warnings());
    }

    private Reply stable(Call call) {
        ObjectNode request = VERSION.conform(call.json("api.JobStabilityRequest"));
        matching(call, request);
        long index = jobs.mark(
                call.namespace(), call.parameter(0), Json.number(request, "JobVersion"), Json.flag(request, "Stable"));
        return Reply.json(Json.object("Index", index)).with("X-Nomad-Index", index);
    }

    private static void matching(Call call, ObjectNode request) {
        if (!Json.text(request, "JobID").equals(call.parameter(0))) {
            throw new RefusedException(400, "Job ID does not match");
        }
    }
}
