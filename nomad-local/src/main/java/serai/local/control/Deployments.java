// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.state.Alloc;
import serai.local.state.Commit;
import serai.local.state.Evaluation;
import serai.local.state.Store;
import serai.local.state.Table;

/**
 * Roll-outs, as far as callers notice them: a job whose update block allows {@code MaxParallel > 0} has one after each change,
 * and refuses to be scaled until its instances were healthy for long enough. Instances are replaced all at once nevertheless.
 */
public final class Deployments {
    private final Store store;
    private final Alarm alarm;

    public Deployments(Store store, Alarm alarm) {
        this.store = store;
        this.alarm = alarm;
    }

    /** @return the deployment that a change of the group begins, if its update block asks for one */
    static Optional<String> begin(Commit commit, Job job, Job.Group group, Evaluation evaluation) {
        if (job.isBatch() || job.stopped() || group.maxParallel() == 0 || group.count() == 0) {
            return Optional.empty();
        }
        boolean known = commit.deployments(job.namespace(), job.id())
                .anyMatch(d -> Json.number(d, "JobVersion") == job.version());
        if (known) {
            return Optional.empty();
        }
        commit.deployments(job.namespace(), job.id())
                .filter(d -> Json.text(d, "Status").equals("running"))
                .forEach(d -> commit.putDeployment(Json.with(
                        d, "Status", "cancelled", "StatusDescription", "Cancelled due to newer version of job")));
        String id = Ids.next();
        commit.putDeployment(Json.object(
                "ID", id,
                "EvalPriority", evaluation.priority(),
                "IsMultiregion", false,
                "JobCreateIndex", job.createIndex(),
                "JobID", job.id(),
                "JobModifyIndex", job.modifyIndex(),
                "JobSpecModifyIndex", job.jobModifyIndex(),
                "JobVersion", job.version(),
                "Namespace", job.namespace(),
                "Status", "running",
                "StatusDescription", "Deployment is running",
                "TaskGroups", Json.object(group.name(), groupState(commit, group))));
        return Optional.of(id);
    }

    private static ObjectNode groupState(Commit commit, Job.Group group) {
        long deadline = Json.at(group.doc(), "Update", "ProgressDeadline").asLong();
        return Json.object(
                "AutoPromote",
                false,
                "AutoRevert",
                false,
                "DesiredCanaries",
                0,
                "DesiredTotal",
                group.count(),
                "HealthyAllocs",
                0,
                "PlacedAllocs",
                group.count(),
                "PlacedCanaries",
                NullNode.getInstance(),
                "ProgressDeadline",
                deadline,
                "Promoted",
                false,
                "RequireProgressBy",
                commit.now().plusNanos(deadline).toString(),
                "UnhealthyAllocs",
                0);
    }

    /** Looks at a running deployment when its instances may have become healthy. */
    public void watch(String id) {
        store.read(tables -> tables.get(Table.DEPLOYMENTS, id))
                .filter(d -> Json.text(d, "Status").equals("running"))
                .ifPresent(deployment -> alarm.in(minHealthy(deployment).plusMillis(100), () -> look(id)));
    }

    private Duration minHealthy(ObjectNode deployment) {
        return job(deployment).stream()
                .flatMap(job -> job.groups().stream())
                .map(Job.Group::minHealthyTime)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    private Optional<Job> job(ObjectNode deployment) {
        return store.read(t -> t.job(Json.text(deployment, "Namespace"), Json.text(deployment, "JobID")));
    }

    private void look(String id) {
        alarm.untilWritten("deployment " + id, () -> {
            settle(id);
            watch(id);
        });
    }

    private void settle(String id) {
        store.commit("DeploymentStatusUpdate", commit -> {
            commit.get(Table.DEPLOYMENTS, id)
                    .filter(d -> Json.text(d, "Status").equals("running"))
                    .ifPresent(d -> settle(commit, d));
            return null;
        });
    }

    private static void settle(Commit commit, ObjectNode deployment) {
        Optional<Job> job = commit.job(Json.text(deployment, "Namespace"), Json.text(deployment, "JobID"));
        if (job.isEmpty() || job.get().stopped()) {
            commit.putDeployment(Json.with(
                    deployment, "Status", "cancelled", "StatusDescription", "Cancelled because job is stopped"));
            return;
        }
        List<Alloc> allocs = commit.allocs(job.get().namespace(), job.get().id())
                .filter(Alloc::wanted)
                .toList();
        Duration age = commit.statusSeenFor(Table.DEPLOYMENTS, Json.text(deployment, "ID"));
        ObjectNode groups = Json.object();
        boolean done = true;
        for (Job.Group group : job.get().groups()) {
            long healthy = allocs.stream()
                    .filter(a -> a.group().equals(group.name()) && healthy(a, age, commit, group))
                    .count();
            groups.set(
                    group.name(),
                    Json.with(
                            (ObjectNode) Json.at(deployment, "TaskGroups")
                                    .withObject("/"
                                            + group.name().replace("~", "~0").replace("/", "~1")),
                            "HealthyAllocs",
                            healthy));
            done &= healthy >= group.count();
        }
        commit.putDeployment(
                done
                        ? Json.with(
                                deployment,
                                "TaskGroups",
                                groups,
                                "Status",
                                "successful",
                                "StatusDescription",
                                "Deployment completed successfully")
                        : Json.with(deployment, "TaskGroups", groups));
    }

    private static boolean healthy(Alloc alloc, Duration age, Commit commit, Job.Group group) {
        Duration running = commit.statusSeenFor(Table.ALLOCATIONS, alloc.id());
        Duration both = running.compareTo(age) < 0 ? running : age;
        return alloc.clientStatus().equals("running") && both.compareTo(group.minHealthyTime()) >= 0;
    }

    /** @return the index of the commit */
    public long fail(String id) {
        return store.commit("DeploymentStatusUpdate", commit -> {
            ObjectNode deployment = commit.get(Table.DEPLOYMENTS, id)
                    .orElseThrow(() -> new RefusedException(404, "deployment not found"));
            if (!Json.text(deployment, "Status").equals("running")) {
                throw new RefusedException(500, "can't fail terminal deployment");
            }
            commit.putDeployment(
                    Json.with(deployment, "Status", "failed", "StatusDescription", "Deployment marked as failed"));
            return commit.index();
        });
    }

    public void resume() {
        List<String> running = store.read(tables -> tables.all(Table.DEPLOYMENTS)
                .filter(d -> Json.text(d, "Status").equals("running"))
                .map(d -> Json.text(d, "ID"))
                .toList());
        running.forEach(this::watch);
    }
}
