// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import jakarta.json.JsonArray;
import jakarta.json.bind.annotation.JsonbProperty;
import java.util.List;
import java.util.Map;

/**
 * What a builder has to do.
 *
 * @param token proves that somebody acts for the build: its id, a dot, its secret
 * @param root what is there already
 * @param work what is to be made on top of it, the lowest first
 * @param pythons prefixes of Pythons on the nodes by their version; the runner's own comes first
 * @param memoryMb mebibytes that all commands together may use
 * @param diskMb mebibytes that they may write; null for half of what the node has free
 * @param limitS seconds until the server ends it
 * @param publication null if no engine runs containers
 */
public record BuildAssignment(
        String build,
        String token,
        Assignment.Root root,
        List<Work> work,
        Map<String, String> pythons,
        int memoryMb,
        Integer diskMb,
        long limitS,
        Publication publication) {

    /**
     * What a container engine is to run.
     *
     * @param tag of the image in the registry
     * @param name of the package whose runtime goes into it
     * @param pythonVersion that the image has; empty if it is built now
     * @param environment the image's variables
     */
    public record Publication(
            String tag,
            @JsonbProperty("package") String name,
            String version,
            String pythonVersion,
            Map<String, String> environment) {}

    /**
     * One image's layer.
     *
     * @param steps as {@link serai.image.Step} writes them
     * @param bases what stages stand on, by the name that their steps have for it
     * @param context files that may be copied from
     * @param secrets variables for its commands, never kept nor shown
     */
    public record Work(
            String image,
            JsonArray steps,
            Map<String, Assignment.Base> bases,
            List<Assignment.File> context,
            Map<String, String> secrets) {}
}
