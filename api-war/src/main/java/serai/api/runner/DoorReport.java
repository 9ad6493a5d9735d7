// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import serai.problem.Problem;
import serai.serve.Door;

/**
 * What a runner tells of a container that is an HTTP server.
 *
 * @param host as servers reach the runner
 * @param token that it wants to see first on each connection
 * @param listening whether something listens in the container; requests come only then
 */
public record DoorReport(String host, int port, String token, boolean listening) {
    private static final int MAX_LENGTH = 200;

    public DoorReport {
        if (!isText(host) || !isText(token) || port < 1 || port > 65_535) {
            throw Problem.INVALID_ARGUMENT.because("host, a port from 1 to 65535 and a token are needed");
        }
    }

    private static boolean isText(String value) {
        return value != null
                && !value.isEmpty()
                && value.length() <= MAX_LENGTH
                && value.chars().allMatch(c -> c > ' ' && c < 127);
    }

    Door of(String containerId) {
        return new Door(containerId, host, port, token);
    }
}
