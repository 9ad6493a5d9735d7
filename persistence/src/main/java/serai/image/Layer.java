// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.Map;
import java.util.Optional;

/**
 * What one layer adds.
 *
 * @param pythonVersion major.minor, if the layer brings a Python
 * @param copiesFiles whether the files of its context mount become part of the image
 */
public record Layer(
        Optional<String> pythonVersion,
        Map<String, String> environment,
        Optional<String> workdir,
        boolean copiesFiles) {}
