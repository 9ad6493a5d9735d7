// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What one layer adds.
 *
 * @param from what it stands on, if that is not another image
 * @param environment all variables that it sets, filled in
 * @param workdir absolute
 * @param entrypoint words before a container's command
 * @param user who runs commands
 * @param copiesFiles whether the files of its context mount become part of the image as they are
 * @param needsBuild whether its steps have to be done before a container can start; otherwise they only are when another
 *     layer on top of it is built
 */
record Layer(
        Optional<String> from,
        Map<String, String> environment,
        Optional<String> workdir,
        Optional<List<String>> entrypoint,
        Optional<String> user,
        boolean copiesFiles,
        boolean needsBuild,
        List<Step> steps) {

    /** What other stages of it stand on, as {@code FROM} names it. */
    List<String> systems() {
        return steps.stream()
                .flatMap(step -> step instanceof Step.Stage stage ? Stream.of(stage.system()) : Stream.empty())
                .filter(system -> !system.isEmpty())
                .distinct()
                .toList();
    }
}
