// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import serai.local.doc.Json;
import serai.local.state.Evaluation;

/** The figures of an evaluation in words. */
final class Reasons {
    private static final Map<String, String> DECISIONS = decisions();

    private Reasons() {}

    private static Map<String, String> decisions() {
        Map<String, String> words = new LinkedHashMap<>();
        words.put("Place", "place %d");
        words.put("Stop", "stop %d");
        words.put("Migrate", "move %d");
        words.put("DestructiveUpdate", "replace %d");
        words.put("InPlaceUpdate", "update %d in place");
        words.put("RescheduleLater", "try %d again later");
        words.put("Ignore", "leave %d");
        return words;
    }

    /** What it wanted to do, for each group: {@code pool: place 2, leave 1}. */
    static List<String> decisions(Evaluation evaluation) {
        List<String> decisions = new ArrayList<>();
        Json.at(evaluation.doc(), "PlanAnnotations", "DesiredTGUpdates")
                .properties()
                .forEach(group -> {
                    List<String> words = DECISIONS.entrySet().stream()
                            .filter(word -> Json.number(group.getValue(), word.getKey()) > 0)
                            .map(word -> word.getValue().formatted(Json.number(group.getValue(), word.getKey())))
                            .toList();
                    decisions.add(
                            group.getKey() + ": " + (words.isEmpty() ? "nothing to do" : String.join(", ", words)));
                });
        return decisions;
    }

    /** Why something found no place, and why an evaluation ended without being carried out. */
    static List<String> of(Evaluation evaluation) {
        List<String> reasons = new ArrayList<>();
        evaluation
                .doc()
                .path("FailedTGAllocs")
                .properties()
                .forEach(group -> reasons.add(group.getKey() + ": " + unplaced(group.getValue())));
        String description = Json.text(evaluation.doc(), "StatusDescription");
        if (reasons.isEmpty() && !description.isEmpty()) {
            reasons.add(description);
        }
        return reasons;
    }

    private static String unplaced(JsonNode metrics) {
        List<String> words = new ArrayList<>();
        metrics.path("ConstraintFiltered")
                .properties()
                .forEach(filter -> words.add("no node meets " + filter.getKey()));
        metrics.path("DimensionExhausted")
                .properties()
                .forEach(dimension -> words.add(
                        dimension.getKey().contains(":")
                                ? dimension.getKey()
                                : dimension.getKey() + " is short" + asked(metrics, dimension.getKey())));
        if (words.isEmpty()) {
            words.add("no node of its datacenters is ready and eligible");
        }
        long waiting = 1 + Json.number(metrics, "CoalescedFailures");
        return "%d without a place: %s".formatted(waiting, String.join("; ", words));
    }

    private static String asked(JsonNode metrics, String dimension) {
        String field = switch (dimension) {
            case "cpu" -> "CPU";
            case "memory" -> "MemoryMB";
            default -> "";
        };
        long asked = Json.each(metrics.path("ResourcesExhausted"))
                .mapToLong(task -> Json.number(task, field))
                .sum();
        return field.isEmpty() || asked == 0
                ? ""
                : " (each asks for %d %s)".formatted(asked, field.equals("CPU") ? "MHz" : "MB");
    }
}
