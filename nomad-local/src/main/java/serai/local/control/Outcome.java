// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import serai.local.state.Alloc;
import serai.local.state.Evaluation;

/**
 * What one evaluation decided.
 *
 * @param failures the groups that found no room, with the metrics that say why
 * @param deployment the deployment that it began
 */
record Outcome(
        Evaluation evaluation,
        List<Alloc> placed,
        List<Alloc> stopped,
        List<Evaluation> followUps,
        ObjectNode queued,
        ObjectNode failures,
        ObjectNode annotations,
        Optional<String> nodeClass,
        Optional<String> deployment) {}
