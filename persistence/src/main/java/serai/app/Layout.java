// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import java.util.Map;

/**
 * What a publication holds under which name.
 *
 * @param functions tag → function id
 * @param classes tag → class id
 */
public record Layout(Map<String, String> functions, Map<String, String> classes) {
    public static final Layout EMPTY = new Layout(Map.of(), Map.of());
}
