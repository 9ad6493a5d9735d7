// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import serai.local.doc.Json;

/** What counts as a change of a job: not its indexes, its status or its counts. */
public final class JobChange {
    private static final List<String> KEPT_BY_THE_SERVER = List.of(
            "CreateIndex",
            "JobModifyIndex",
            "ModifyIndex",
            "Status",
            "StatusDescription",
            "Stable",
            "SubmitTime",
            "Version",
            "Stop",
            "NomadTokenID",
            "VersionTag");

    private JobChange() {}

    /** True if registering {@code next} over {@code stored} makes no new version. */
    public static boolean same(Job stored, Job next) {
        return Json.same(comparable(stored), comparable(next)) && stored.stopped() == next.stopped();
    }

    private static ObjectNode comparable(Job job) {
        ObjectNode doc = job.withGroups(JobChange::withoutPolicyIndexes).doc();
        doc.remove(KEPT_BY_THE_SERVER);
        return doc;
    }

    /**
     * Nomad compares the scaling block with its indexes, which the stored one has and the sent one has not; they are equal
     * again from the second registration on. That quirk makes one needless version, so it is kept.
     */
    private static Job.Group withoutPolicyIndexes(Job.Group group) {
        return group.scaling()
                .map(s -> group.with("Scaling", Json.with(s.doc(), "ID", null, "Target", null)))
                .orElse(group);
    }

    /** What an instance of the group runs; instances of another fingerprint are replaced. */
    public static ObjectNode running(Job job, Job.Group group) {
        return Json.object(
                "Job",
                        Json.object(
                                "Meta",
                                job.doc().path("Meta"),
                                "Name",
                                job.doc().path("Name"),
                                "Datacenters",
                                job.doc().path("Datacenters"),
                                "Constraints",
                                job.doc().path("Constraints")),
                "Group",
                        group.with(
                                        "Count", null,
                                        "Scaling", null,
                                        "RestartPolicy", null,
                                        "ReschedulePolicy", null,
                                        "Update", null,
                                        "Migrate", null)
                                .doc());
    }
}
