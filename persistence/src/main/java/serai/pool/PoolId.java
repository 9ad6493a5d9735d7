// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.pool;

import jakarta.persistence.Embeddable;

/** Identifies a pool: {@code po-} and 20 lower-case letters and digits; also the name of its Nomad job. */
@Embeddable
public record PoolId(String value) {
    @Override
    public String toString() {
        return value;
    }
}
