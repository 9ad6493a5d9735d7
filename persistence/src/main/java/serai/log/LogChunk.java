// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A piece of what a container wrote.
 *
 * @param ordinal within its app, rising; clients resume from it
 * @param callId null when no single input ran
 * @param stream 1 stdout, 2 stderr, 3 the platform
 */
public record LogChunk(
        long ordinal,
        Instant at,
        String containerId,
        String functionId,
        String callId,
        String inputId,
        int stream,
        String content) {

    /** @return a chunk for each line of it, with its end */
    List<LogChunk> lines() {
        var lines = new ArrayList<LogChunk>();
        for (int begin = 0, end; begin < content.length(); begin = end) {
            int newline = content.indexOf('\n', begin);
            end = newline < 0 ? content.length() : newline + 1;
            lines.add(new LogChunk(
                    ordinal, at, containerId, functionId, callId, inputId, stream, content.substring(begin, end)));
        }
        return lines;
    }
}
