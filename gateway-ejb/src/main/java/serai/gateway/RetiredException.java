// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

/** The pool for whose containers a request waits takes none any more: its function was deployed again, or its app is stopped. */
final class RetiredException extends Exception {
    private static final long serialVersionUID = 1;

    RetiredException() {
        super(null, null, false, false);
    }
}
