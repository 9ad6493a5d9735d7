// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.log;

import java.util.List;

/**
 * Logs from one place on.
 *
 * @param more whether there are others now
 * @param next with which to go on, also when there are no others yet; null where nothing was written so far
 */
public record LogPage(List<LogLine> items, boolean more, String next) {}
