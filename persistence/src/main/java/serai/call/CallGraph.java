// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

import java.util.List;
import java.util.Optional;

/**
 * Calls that functions make while they work on inputs of other calls, down from the one that a client made.
 *
 * @param truncated whether there are more than are shown
 */
public record CallGraph(List<Call> calls, List<Node> inputs, boolean truncated) {
    /** @param parentInputId the input whose function made it; null for a client's own */
    public record Call(String id, String functionId, String parentInputId) {}

    /**
     * @param containerId that has it or had it last; null before the first
     * @param outcome empty while it is not finished
     */
    public record Node(String id, String callId, String containerId, Optional<Outcome> outcome) {}
}
