// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

/** A container did not take a request: nothing of the client's body was taken, nothing was answered, so another may be asked. */
final class UnreachableException extends Exception {
    private static final long serialVersionUID = 1;

    UnreachableException(String reason) {
        super(reason, null, false, false);
    }
}
