// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static java.util.stream.Collectors.joining;

import com.hashicorp.nomad.apimodel.AllocationMetric;
import com.hashicorp.nomad.apimodel.Evaluation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import serai.cluster.Shortage;

/** What a job's evaluations say about work that found no place. Pure. */
final class UnplacedWork {
    private final List<Evaluation> evaluations;

    UnplacedWork(List<Evaluation> evaluations) {
        this.evaluations = evaluations;
    }

    /** The newest evaluation that waits for capacity; older ones were cancelled by it. */
    Optional<Shortage> shortage() {
        return evaluations.stream()
                .filter(evaluation -> evaluation.getStatus().equals("blocked"))
                .max(Comparator.comparing(Evaluation::getCreateIndex))
                .map(this::shortage);
    }

    private Shortage shortage(Evaluation blocked) {
        var since = Instant.EPOCH.plus(Duration.ofNanos(blocked.getCreateTime()));
        var failed = orEmpty(blocked.getFailedTgAllocs()).get(RunnerJob.GROUP);
        if (failed == null) {
            return new Shortage(
                    1, Objects.requireNonNullElse(blocked.getStatusDescription(), "no reason given"), since);
        }
        // the first failure, and those that Nomad did not try because they ask for the same
        int missing = queued(blocked).orElse(1 + failed.getCoalescedFailures());
        return new Shortage(missing, reason(failed), since);
    }

    /** A fresh blocked evaluation leaves the number to the one that it continues. */
    private Optional<Integer> queued(Evaluation blocked) {
        return evaluations.stream()
                .filter(e -> e.getId().equals(blocked.getId()) || e.getId().equals(blocked.getPreviousEval()))
                .sorted(Comparator.comparing((Evaluation e) -> e.getId().equals(blocked.getId()))
                        .reversed())
                .map(e -> orEmpty(e.getQueuedAllocations()).get(RunnerJob.GROUP))
                .filter(count -> count != null && count > 0)
                .findFirst();
    }

    static String reason(AllocationMetric metric) {
        int nodes = metric.getNodesEvaluated();
        var reasons = new ArrayList<String>();
        new TreeMap<>(orEmpty(metric.getDimensionExhausted()))
                .forEach((what, count) -> reasons.add(exhausted(what) + onNodes(count, nodes)));
        new TreeMap<>(orEmpty(metric.getConstraintFiltered()))
                .forEach((what, count) -> reasons.add(filtered(what) + onNodes(count, nodes)));
        if (metric.getQuotaExhausted() != null && !metric.getQuotaExhausted().isEmpty()) {
            reasons.add(
                    metric.getQuotaExhausted().stream().sorted().collect(joining(" and ", "quota exhausted: ", "")));
        }
        return reasons.isEmpty() ? nowhere(metric) : String.join(", ", reasons);
    }

    /** Nomad's dimensions are single words, those of devices a sentence. */
    private static String exhausted(String dimension) {
        return switch (dimension) {
            case "devices: no devices match request" -> "no free device matches";
            default -> dimension.contains(":") ? dimension : dimension + " exhausted";
        };
    }

    private static String filtered(String constraint) {
        return switch (constraint) {
            case "missing devices" -> "device missing";
            case "missing drivers" -> "task driver missing";
            case "computed class ineligible" -> "not eligible, for a reason found earlier,";
            default -> "constraint " + constraint + " not met";
        };
    }

    private static String onNodes(int count, int nodes) {
        return " on %d of %d nodes".formatted(count, nodes);
    }

    private static String nowhere(AllocationMetric metric) {
        return metric.getNodesEvaluated() == 0
                ? "no eligible node in the datacenters and the node pool that were asked for"
                : "no place on any of %d nodes".formatted(metric.getNodesEvaluated());
    }

    private static <V> Map<String, V> orEmpty(Map<String, V> map) {
        return Objects.requireNonNullElse(map, Map.of());
    }
}
