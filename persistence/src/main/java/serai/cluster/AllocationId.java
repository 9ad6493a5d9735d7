// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

/** The cluster's own name for a place where a container runs; for Nomad a UUID. */
public record AllocationId(String value) {
    @Override
    public String toString() {
        return value;
    }
}
