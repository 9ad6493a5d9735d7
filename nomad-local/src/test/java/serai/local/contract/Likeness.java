// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import serai.local.doc.Json;

/** Compares an answer with a recorded one, field by field. Of what differs from run to run only the kind is compared. */
final class Likeness {
    private static final Set<String> MASKED = Set.of(
            "ID",
            "EvalID",
            "NodeID",
            "NodeName",
            "AllocationTime",
            "BlockedEval",
            "PreviousEval",
            "NextEval",
            "Timestamp",
            "StartedAt",
            "FinishedAt",
            "LastRestart",
            "SigningKeyID",
            "ClassEligibility",
            "NormScore",
            "Scores",
            "Value",
            "PreviousAllocation",
            "NextAllocation",
            "DeploymentID",
            "Hash");
    /** What nomad-local does not have, and nothing of ours reads. */
    private static final Set<String> NOT_OURS = Set.of("SigningKeyID", "IdentitySigningKeyID", "DeploymentStatus");

    private final List<String> differences = new ArrayList<>();
    private final Set<String> unlike;

    private Likeness(Set<String> unlike) {
        this.unlike = unlike;
    }

    /** @param unlike names of further fields whose values may differ */
    static void assertAlike(JsonNode recorded, JsonNode actual, String... unlike) {
        Likeness likeness = new Likeness(Set.of(unlike));
        likeness.compare("", "", recorded, actual);
        assertThat(likeness.differences)
                .as("differences from the recording in %s", actual)
                .isEmpty();
    }

    private void compare(String path, String name, JsonNode recorded, JsonNode actual) {
        boolean masked =
                MASKED.contains(name) || name.endsWith("Index") || name.endsWith("Time") || unlike.contains(name);
        if (masked) {
            if (recorded.getNodeType() != actual.getNodeType() && !recorded.isNull()) {
                differences.add(path + ": " + recorded.getNodeType() + " became " + actual);
            }
        } else if (recorded.isObject() && actual.isObject()) {
            compareFields(path, recorded, actual);
        } else if (recorded.isArray() && actual.isArray()) {
            compareItems(path, name, recorded, actual);
        } else if (!Json.same(recorded, actual)) {
            differences.add(path + ": " + recorded + " became " + actual);
        }
    }

    private void compareFields(String path, JsonNode recorded, JsonNode actual) {
        Set<String> names = new TreeSet<>();
        recorded.fieldNames().forEachRemaining(names::add);
        actual.fieldNames().forEachRemaining(names::add);
        names.removeAll(NOT_OURS);
        for (String name : names) {
            String inner = path + "/" + name;
            if (!recorded.has(name)) {
                differences.add(inner + ": should not be there, is " + actual.get(name));
            } else if (!actual.has(name)) {
                differences.add(inner + ": missing, was " + recorded.get(name));
            } else {
                compare(inner, name, recorded.get(name), actual.get(name));
            }
        }
    }

    private void compareItems(String path, String name, JsonNode recorded, JsonNode actual) {
        if (recorded.size() != actual.size()) {
            differences.add(path + ": " + recorded.size() + " items became " + actual.size());
        }
        for (int i = 0; i < Math.min(recorded.size(), actual.size()); i++) {
            compare(path + "/" + i, name, recorded.get(i), actual.get(i));
        }
    }
}
