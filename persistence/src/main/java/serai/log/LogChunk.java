// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.log;

import java.time.Instant;

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
        String content) {}
