// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import java.util.List;

/**
 * What a node need not keep.
 *
 * @param names of layers, as it has them
 * @param cacheRetentionS seconds; what else is in its cache goes when nobody has used it for so long
 */
public record Dispensable(List<String> names, long cacheRetentionS) {}
