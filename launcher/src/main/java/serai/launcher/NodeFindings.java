// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import serai.launcher.DoctorCommand.Finding;
import serai.launcher.DoctorCommand.Verdict;

/** What the runner's own doctor tells of this machine as a node, beyond what the launcher looks at. */
final class NodeFindings {
    private NodeFindings() {}

    /**
     * @param looked what the launcher says of networks: where that is nothing good already, a trial adds nothing
     * @param found as the runner prints it for programs
     */
    static Finding network(Finding looked, JsonNode found) {
        var network = found.path("network");
        return looked.verdict() != Verdict.OK || network.path("works").asBoolean(true)
                ? looked
                : new Finding(
                        looked.check(), Verdict.MISSING, network.path("detail").asText(), null);
    }

    /** @param found as the runner prints it for programs */
    static Finding images(JsonNode found, Settings settings) {
        var images = found.path("images");
        if (!images.path("works").asBoolean()) {
            return new Finding(
                    "images", Verdict.LIMITED, images.path("detail").asText("the runner says nothing of them"), null);
        }
        for (var lacking : images.path("lacks")) {
            if (lacking.asText().equals("mmdebstrap")) {
                return new Finding(
                        "images",
                        Verdict.LIMITED,
                        "layers can be built, on what SERAI_IMAGE_BASES names only: mmdebstrap makes the other base systems",
                        SystemPackages.find(settings)
                                .flatMap(manager -> manager.tool("mmdebstrap"))
                                .orElse(null));
            }
        }
        return new Finding("images", Verdict.OK, "layers can be built", null);
    }
}
