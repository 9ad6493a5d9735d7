// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

/** A call is refused; status and text are Nomad's. */
public class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    public RefusedException(int status, String text) {
        super(text);
        this.status = status;
    }

    public int status() {
        return status;
    }
}
