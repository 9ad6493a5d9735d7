// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

/** Nomad did not answer, or answered that it cannot answer now. What was asked may or may not have been done. */
class NomadUnreachable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NomadUnreachable(String message, Throwable cause) {
        super(message, cause);
    }
}
