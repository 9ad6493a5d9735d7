// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.local.doc.Json;
import serai.local.job.Job;
import serai.local.job.JobDiff;
import serai.local.job.JobRules;
import serai.local.state.Commit;
import serai.local.state.Evaluation;

/** What a registration would bring about, shown as Nomad shows it. */
final class Plans {
    private static final Map<String, String> UPDATES = updates();

    private Plans() {}

    private static Map<String, String> updates() {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("Ignore", "ignore");
        names.put("Place", "create");
        names.put("Migrate", "migrate");
        names.put("Stop", "destroy");
        names.put("Canary", "canary");
        names.put("InPlaceUpdate", "in-place update");
        names.put("DestructiveUpdate", "create/destroy update");
        return names;
    }

    /**
     * @param commit one in which {@code job} was registered and evaluated, and that will be thrown away
     * @param stored the job as it is
     */
    static ObjectNode answer(
            Commit commit, Optional<Job> stored, Job job, Outcome outcome, Evaluation concluded, boolean withDiff) {
        NullNode none = NullNode.getInstance();
        long index = stored.map(Job::jobModifyIndex).orElse(0L);
        JsonNode failures = concluded.doc().path("FailedTGAllocs");
        ArrayNode created = Json.array();
        commit.evaluation(Json.text(concluded.doc(), "BlockedEval")).ifPresent(blocked -> {
            ObjectNode doc = Json.with(blocked.doc());
            doc.remove(List.of("CreateIndex", "ModifyIndex", "SnapshotIndex"));
            created.add(doc);
        });
        return Json.object(
                "Annotations",
                outcome.annotations(),
                "CreatedEvals",
                created.isEmpty() ? none : created,
                "Diff",
                withDiff ? annotated(JobDiff.between(stored, job), outcome.annotations()) : none,
                "FailedTGAllocs",
                failures.isObject() ? failures : none,
                "Index",
                index,
                "JobModifyIndex",
                index,
                "NextPeriodicLaunch",
                none,
                "Warnings",
                JobRules.warnings(job));
    }

    private static ObjectNode annotated(ObjectNode diff, ObjectNode annotations) {
        for (JsonNode group : diff.path("TaskGroups")) {
            JsonNode counts = Json.at(annotations, "DesiredTGUpdates", Json.text(group, "Name"));
            ObjectNode updates = Json.object();
            UPDATES.forEach((field, name) -> {
                if (Json.number(counts, field) > 0) {
                    updates.set(name, counts.get(field));
                }
            });
            ((ObjectNode) group).set("Updates", updates.isEmpty() ? NullNode.getInstance() : updates);
        }
        return diff;
    }
}
