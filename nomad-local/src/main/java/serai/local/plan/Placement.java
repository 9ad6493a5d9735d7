// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Whether one more instance has a place on the node. */
public sealed interface Placement {
    /**
     * @param ports port numbers by label
     * @param devices by task, as allocations show them
     */
    record Placed(Map<String, Integer> ports, Map<String, ArrayNode> devices) implements Placement {}

    /** The node could run it, were it not full. {@code dimension} is what is short. */
    record Exhausted(String dimension, Map<String, ObjectNode> byTask) implements Placement {}

    /** The node can never run it. */
    record Filtered(String constraint) implements Placement {}

    /** There is no node where the job may run. */
    record Nowhere() implements Placement {}
}
