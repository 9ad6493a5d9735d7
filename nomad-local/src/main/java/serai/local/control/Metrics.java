// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import serai.local.doc.Json;
import serai.local.plan.Node;
import serai.local.plan.Placement;

/** How a placement came about, as it is shown with an allocation or a failed group. */
final class Metrics {
    private Metrics() {}

    static ObjectNode of(Node node, Placement placement, long nanos, int coalesced) {
        ObjectNode doc = blank(node, nanos, coalesced);
        switch (placement) {
            case Placement.Placed placed ->
                doc.set(
                        "ScoreMetaData",
                        Json.MAPPER.valueToTree(List.of(
                                Map.of("NodeID", node.id(), "NormScore", 1.0, "Scores", Map.of("binpack", 1.0)))));
            case Placement.Exhausted(String dimension, Map<String, ObjectNode> byTask) -> {
                doc.put("NodesExhausted", 1);
                doc.set("DimensionExhausted", Json.object(dimension, 1));
                doc.set("ResourcesExhausted", Json.MAPPER.valueToTree(byTask));
            }
            case Placement.Filtered(String constraint) -> {
                doc.put("NodesFiltered", 1);
                doc.set("ConstraintFiltered", Json.object(constraint, 1));
            }
            case Placement.Nowhere() -> {
                doc.put("NodesEvaluated", 0);
                doc.set("NodesAvailable", Json.object());
                doc.put("NodesInPool", node.eligible() ? 1 : 0);
            }
        }
        return doc;
    }

    private static ObjectNode blank(Node node, long nanos, int coalesced) {
        NullNode none = NullNode.getInstance();
        return Json.object(
                "AllocationTime", nanos,
                "ClassExhausted", none,
                "ClassFiltered", none,
                "CoalescedFailures", coalesced,
                "ConstraintFiltered", none,
                "DimensionExhausted", none,
                "NodePool", node.pool(),
                "NodesAvailable", Map.of(node.datacenter(), 1),
                "NodesEvaluated", 1,
                "NodesExhausted", 0,
                "NodesFiltered", 0,
                "NodesInPool", 1,
                "QuotaExhausted", none,
                "ResourcesExhausted", none,
                "ScoreMetaData", none,
                "Scores", none);
    }
}
