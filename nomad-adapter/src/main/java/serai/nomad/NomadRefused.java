// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

/** Nomad understood the request and said no; the message is in its own words. */
class NomadRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    NomadRefused(int status, String words) {
        super(words);
        this.status = status;
    }

    boolean isNotFound() {
        return status == 404;
    }
}
