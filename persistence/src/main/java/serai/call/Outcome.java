// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.call;

/** How an input ended. The names are those of the client protocol. */
public enum Outcome {
    SUCCESS,
    FAILURE,
    TIMEOUT,
    TERMINATED,
    INTERNAL_FAILURE;

    /** @return whether the user's retry policy applies */
    public boolean mayBeRetried() {
        return this == FAILURE || this == TIMEOUT;
    }
}
