// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

/** A request that the gateway answers itself. */
final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Refusal refusal;

    RefusedException(Refusal refusal) {
        super(refusal.detail(), null, false, false);
        this.refusal = refusal;
    }

    Refusal refusal() {
        return refusal;
    }
}
