// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.log;

import java.time.Instant;
import serai.log.LogChunk;

/**
 * A piece of what was written, which need not be one line.
 *
 * @param cursor with which to go on after it
 * @param stream {@code stdout}, {@code stderr}, or {@code system} for what the platform says
 * @param call null for what was written outside of a call, or where a container works on several at a time
 */
public record LogLine(
        String cursor, Instant at, String stream, String container, String function, String call, String text) {
    static LogLine of(LogChunk chunk) {
        var stream = switch (chunk.stream()) {
            case 1 -> "stdout";
            case 2 -> "stderr";
            default -> "system";
        };
        return new LogLine(
                Long.toString(chunk.ordinal()),
                chunk.at(),
                stream,
                chunk.containerId(),
                chunk.functionId(),
                chunk.callId(),
                chunk.content());
    }
}
