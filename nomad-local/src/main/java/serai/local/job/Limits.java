// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.job;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import serai.local.doc.Json;

/** What Nomad does and nomad-local does not. Such a job is refused: to run it without would be to run something else. */
final class Limits {
    private Limits() {}

    static List<String> of(Job job) {
        List<String> errors = new ArrayList<>();
        refuse(errors, job.doc(), "Periodic", "periodic jobs");
        refuse(errors, job.doc(), "ParameterizedJob", "parameterized jobs");
        refuse(errors, job.doc(), "Multiregion", "several regions");
        if (Set.of("system", "sysbatch").contains(job.type())) {
            errors.add("nomad-local does not run jobs of type \"%s\"".formatted(job.type()));
        }
        return errors;
    }

    static List<String> of(Job.Group group) {
        List<String> errors = new ArrayList<>();
        refuse(errors, group.doc(), "Volumes", "volumes");
        refuse(errors, group.doc(), "MaxRunDuration", "max_run_duration");
        String mode = Json.text(group.network(), "Mode");
        if (!mode.isEmpty() && !mode.equals("host")) {
            errors.add("nomad-local does not know the network mode \"%s\"".formatted(mode));
        }
        if (Json.at(group.doc(), "Update", "Canary").asInt() > 0) {
            errors.add("nomad-local does not know canaries");
        }
        if (group.tasks().size() > 1 && group.tasks().stream().anyMatch(task -> Json.flag(task.doc(), "Leader"))) {
            errors.add("nomad-local does not know leader tasks");
        }
        return errors;
    }

    static List<String> of(Job.Task task) {
        List<String> errors = new ArrayList<>();
        refuse(errors, task.doc(), "Lifecycle", "lifecycle hooks");
        refuse(errors, task.doc(), "Vault", "Vault");
        refuse(errors, task.doc(), "VolumeMounts", "volume mounts");
        refuse(errors, task.doc(), "Identities", "workload identities");
        refuse(errors, task.doc(), "Secrets", "secret blocks");
        if (!Json.text(task.doc(), "User").isEmpty()) {
            errors.add("nomad-local runs tasks as its own user only");
        }
        if (Json.at(task.doc(), "Resources", "Cores").asInt() > 0) {
            errors.add("nomad-local does not reserve cores");
        }
        return errors;
    }

    private static void refuse(List<String> errors, JsonNode doc, String field, String what) {
        JsonNode value = doc.path(field);
        boolean used = value.isNumber() ? value.asLong() != 0 : value.isContainerNode() && !value.isEmpty();
        if (used) {
            errors.add("nomad-local does not know " + what);
        }
    }
}
