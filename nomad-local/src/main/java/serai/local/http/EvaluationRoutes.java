// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import serai.local.control.Deployments;
import serai.local.doc.Json;
import serai.local.http.Reads.Found;
import serai.local.job.Job;
import serai.local.state.Evaluation;
import serai.local.state.Table;

/** {@code /v1/evaluation...}, {@code /v1/deployment...} and {@code /v1/scaling/...}. */
final class EvaluationRoutes {
    private final Deployments deployments;
    private final Reads reads;

    EvaluationRoutes(Deployments deployments, Reads reads) {
        this.deployments = deployments;
        this.reads = reads;
    }

    void addTo(Routes routes) {
        routes.read("/v1/evaluations", this::list)
                .read("/v1/evaluation/*/allocations", this::allocations)
                .read("/v1/evaluation/*", this::read)
                .read("/v1/deployments", this::deployments)
                .write("/v1/deployment/fail/*", this::fail)
                .read("/v1/deployment/*", this::deployment)
                .read("/v1/scaling/policies", this::policies)
                .read("/v1/scaling/policy/*", this::policy);
    }

    private Reply list(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.EVALUATIONS),
                        tables.evaluations()
                                .filter(e -> call.inNamespace(e.namespace())
                                        && e.id().startsWith(call.query("prefix", ""))
                                        && (call.query("job", "").isEmpty()
                                                || e.jobId().equals(call.query("job", "")))
                                        && (call.query("status", "").isEmpty()
                                                || e.status().equals(call.query("status", ""))))
                                .map(e -> (JsonNode) e.doc())
                                .collect(Json.toArray())));
    }

    private Reply read(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.evaluation(call.parameter(0)).map(e -> {
                            ObjectNode doc = e.doc();
                            if (call.flag("related")) {
                                doc = Json.with(
                                        doc,
                                        "RelatedEvals",
                                        tables.evaluations(e.namespace(), e.jobId())
                                                .filter(other -> related(e, other))
                                                .map(other -> (JsonNode) other.doc())
                                                .collect(Json.toArray()));
                            }
                            return Found.of(e.modifyIndex(), doc);
                        }),
                        tables.index(Table.EVALUATIONS),
                        "eval not found"));
    }

    private static boolean related(Evaluation one, Evaluation other) {
        return Json.text(other.doc(), "PreviousEval").equals(one.id())
                || Json.text(one.doc(), "PreviousEval").equals(other.id())
                || Json.text(other.doc(), "NextEval").equals(one.id())
                || Json.text(other.doc(), "BlockedEval").equals(one.id());
    }

    private Reply allocations(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.ALLOCATIONS),
                        tables.allocs()
                                .filter(a -> Json.text(a.doc(), "EvalID").equals(call.parameter(0)))
                                .map(a -> (JsonNode) Views.alloc(a, false, true))
                                .collect(Json.toArray())));
    }

    private Reply deployments(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.DEPLOYMENTS),
                        tables.all(Table.DEPLOYMENTS)
                                .filter(d -> call.inNamespace(Json.text(d, "Namespace")))
                                .map(d -> (JsonNode) d)
                                .collect(Json.toArray())));
    }

    private Reply deployment(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.get(Table.DEPLOYMENTS, call.parameter(0))
                                .map(d -> Found.of(Json.number(d, "ModifyIndex"), d)),
                        tables.index(Table.DEPLOYMENTS),
                        "deployment not found"));
    }

    private Reply fail(Call call) {
        long index = deployments.fail(call.parameter(0));
        return Reply.json(Json.object(
                        "DeploymentModifyIndex", index, "EvalCreateIndex", index, "EvalID", "", "Index", index))
                .with("X-Nomad-Index", index);
    }

    private Reply policies(Call call) throws InterruptedException {
        String wanted = call.query("job", "");
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.index(Table.JOBS),
                        tables.jobs()
                                .filter(job -> call.inNamespace(job.namespace())
                                        && (wanted.isEmpty() || job.id().equals(wanted)))
                                .flatMap(job -> job.groups().stream())
                                .flatMap(group -> group.scaling().stream())
                                .map(policy ->
                                        (JsonNode) Json.with(policy.doc(), "Min", null, "Max", null, "Policy", null))
                                .collect(Json.toArray())));
    }

    private Reply policy(Call call) throws InterruptedException {
        return reads.answer(
                call,
                tables -> Found.of(
                        tables.jobs()
                                .flatMap(job -> job.groups().stream())
                                .flatMap(group -> group.scaling().stream())
                                .map(Job.Scaling::doc)
                                .filter(policy -> Json.text(policy, "ID").equals(call.parameter(0)))
                                .map(policy -> Found.of(tables.index(Table.JOBS), policy))
                                .findFirst(),
                        tables.index(Table.JOBS),
                        "policy not found"));
    }
}
