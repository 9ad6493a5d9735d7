// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.runner;

import serai.problem.Problem;

/**
 * How a runner presents itself.
 *
 * @param allocation the cluster's name for where it runs
 * @param index the allocation's place in the pool, from 0
 * @param node the host's name, for people
 */
public record Registration(String pool, String allocation, int index, String node) {
    private static final int MAX_LENGTH = 200;

    public Registration {
        node = node == null ? "" : node;
        if (!isName(pool) || !isName(allocation) || index < 0 || node.length() > MAX_LENGTH) {
            throw Problem.INVALID_ARGUMENT.because("pool, allocation, an index from 0 and the node's name are needed");
        }
    }

    private static boolean isName(String value) {
        return value != null && !value.isEmpty() && value.length() <= MAX_LENGTH;
    }
}
