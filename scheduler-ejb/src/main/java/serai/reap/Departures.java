// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import jakarta.enterprise.context.ApplicationScoped;

/** Containers that end: what they held runs again elsewhere, and starts that fail are counted. */
@ApplicationScoped
public class Departures {
    /**
     * The runner reports the end. May be repeated. Call it outside of transactions.
     *
     * @param exitCode null if it was ended by a signal
     * @param reason for people; may be empty
     */
    public void ended(String containerId, Integer exitCode, String reason) {
        throw new UnsupportedOperationException("follows");
    }

    /**
     * The container says that it cannot start, say by an import error: another try would end the same, so what waits for
     * the pool fails now. The next input tries again. Call it outside of transactions.
     *
     * @param content the container's own words, serialized, for the callers
     */
    public void startFailed(String containerId, byte[] content, String reason) {
        throw new UnsupportedOperationException("follows");
    }
}
