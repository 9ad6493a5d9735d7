// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;
import serai.local.state.Times;

/** Works evaluations off: lets the plan be made, stores it, and has the processes follow. */
public final class Evaluator {
    private final Store store;
    private final Instances instances;
    private final Alarm alarm;
    private final Deployments deployments;
    private final Garbage garbage;
    private final InstantSource clock;
    private final RandomGenerator random;

    public Evaluator(
            Store store,
            Instances instances,
            Alarm alarm,
            Deployments deployments,
            Garbage garbage,
            InstantSource clock,
            RandomGenerator random) {
        this.store = store;
        this.instances = instances;
        this.alarm = alarm;
        this.deployments = deployments;
        this.garbage = garbage;
        this.clock = clock;
        this.random = random;
    }

    /**
     * Evaluates a job now. Evaluations that wait are taken up at their time. Each is on record: it is work to be done, whatever the
     * disk says.
     */
    public void evaluate(String evaluationId) {
        alarm.untilWritten("evaluation " + evaluationId, () -> {
            Optional<Outcome> planned = store.commit(
                    "PlanResult",
                    commit -> commit.evaluation(evaluationId)
                            .filter(Evaluation::open)
                            .flatMap(evaluation -> new PlanStep(commit, evaluation, random).run()));
            planned.ifPresent(this::carryOut);
        });
    }

    private void carryOut(Outcome outcome) {
        conclude(outcome);
        outcome.stopped().forEach(instances::stop);
        outcome.placed().forEach(instances::start);
        outcome.followUps().forEach(this::await);
        outcome.deployment().ifPresent(deployments::watch);
    }

    private void conclude(Outcome outcome) {
        alarm.untilWritten("the end of evaluation " + outcome.evaluation().id(), () -> {
            try {
                store.commit("EvaluationUpdated", commit -> {
                    conclude(commit, outcome);
                    return null;
                });
            } finally {
                garbage.trim();
            }
        });
    }

    /** Has an evaluation that waits evaluated at its time, and never later than it was to wait as a whole. */
    public void await(Evaluation waiting) {
        Instant until = Instant.parse(waiting.waitUntil());
        Duration whole = Duration.between(Times.instant(Json.number(waiting.doc(), "CreateTime")), until);
        Duration left = Duration.between(clock.instant(), until);
        alarm.in(left.compareTo(whole) > 0 ? whole : left, () -> evaluate(waiting.id()));
    }

    /** Something ended: what waits for room is looked at again, the most important first. */
    public void unblock() {
        List<String> blocked = store.read(tables -> tables.evaluations()
                .filter(Evaluation::blocked)
                .sorted(Comparator.comparingInt(Evaluation::priority)
                        .reversed()
                        .thenComparingLong(Evaluation::createIndex))
                .map(Evaluation::id)
                .toList());
        blocked.forEach(this::evaluate);
    }

    /** Evaluates inside a commit that will be thrown away. @return the evaluation as it would be then */
    Outcome rehearse(Commit commit, Evaluation evaluation) {
        Outcome outcome = new PlanStep(commit, evaluation, random).run().orElseThrow();
        conclude(commit, outcome);
        return outcome;
    }

    private static void conclude(Commit commit, Outcome outcome) {
        Evaluation evaluation = commit.evaluation(outcome.evaluation().id()).orElse(outcome.evaluation());
        List<Object> fields = new ArrayList<>(List.of(
                "Status", "complete",
                "SnapshotIndex", evaluation.modifyIndex(),
                "QueuedAllocations", outcome.queued(),
                "PlanAnnotations", outcome.annotations()));
        outcome.followUps().stream().findFirst().ifPresent(next -> fields.addAll(List.of("NextEval", next.id())));
        if (!outcome.failures().isEmpty()) {
            fields.addAll(List.of("FailedTGAllocs", outcome.failures()));
            blocked(commit, evaluation, outcome).ifPresent(id -> fields.addAll(List.of("BlockedEval", id)));
            if (evaluation.blocked()) {
                fields.set(1, "blocked"); // it goes on waiting, for what is left
            }
        } else {
            cancelBlocked(commit, evaluation, "evaluation \"%s\" successful".formatted(evaluation.id()));
        }
        commit.putEvaluation(evaluation.with(fields.toArray()));
    }

    private static Optional<String> blocked(Commit commit, Evaluation evaluation, Outcome outcome) {
        if (evaluation.blocked()) {
            return Optional.empty();
        }
        cancelBlocked(
                commit, evaluation, "existing blocked evaluation exists for job \"%s\"".formatted(evaluation.jobId()));
        ObjectNode classes = Json.object();
        outcome.nodeClass().ifPresent(name -> classes.put(name, true));
        Evaluation blocked = new Evaluation(Json.object(
                "ID", Ids.next(),
                "ClassEligibility", classes,
                "FailedTGAllocs", outcome.failures(),
                "JobID", evaluation.jobId(),
                "JobModifyIndex", Json.number(evaluation.doc(), "JobModifyIndex"),
                "Namespace", evaluation.namespace(),
                "PreviousEval", evaluation.id(),
                "Priority", evaluation.priority(),
                "SnapshotIndex", evaluation.modifyIndex(),
                "Status", "blocked",
                "StatusDescription", "created to place remaining allocations",
                "TriggeredBy", "queued-allocs",
                "Type", Json.text(evaluation.doc(), "Type")));
        commit.putEvaluation(blocked);
        return Optional.of(blocked.id());
    }

    private static void cancelBlocked(Commit commit, Evaluation by, String why) {
        commit.evaluations(by.namespace(), by.jobId())
                .filter(e -> e.blocked() && !e.id().equals(by.id()))
                .forEach(e -> commit.putEvaluation(e.with("Status", "canceled", "StatusDescription", why)));
    }

    /** After a start of the agent: what was left undone, and instances that the last one took with it. */
    public void resume() {
        List<String> revived = store.commit(
                "NodeRegistration",
                commit -> commit.all(Table.JOBS)
                        .map(Job::new)
                        .filter(job -> !job.stopped() && job.groups().stream().anyMatch(group -> group.count() > 0))
                        .map(job -> Jobs.evaluation(commit, job, "node-update").id())
                        .toList());
        revived.forEach(this::evaluate);
        List<Evaluation> open = store.read(
                tables -> tables.evaluations().filter(Evaluation::open).toList());
        open.stream().filter(e -> !e.waitUntil().isEmpty()).forEach(this::await);
        open.stream().filter(e -> e.waitUntil().isEmpty() && !e.blocked()).forEach(e -> evaluate(e.id()));
        unblock();
    }
}
