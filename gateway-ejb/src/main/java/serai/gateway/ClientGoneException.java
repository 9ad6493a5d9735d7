// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

/** Whoever sent the request will not read an answer: the connection has ended, or does not move. */
final class ClientGoneException extends Exception {
    private static final long serialVersionUID = 1;

    ClientGoneException(String reason) {
        super(reason, null, false, false);
    }
}
