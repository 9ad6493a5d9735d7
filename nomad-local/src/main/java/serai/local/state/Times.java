// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import java.time.Instant;

/** Nomad writes times as epoch nanoseconds, and as RFC 3339 text where a field is older. */
public final class Times {
    private Times() {}

    public static long nanos(Instant instant) {
        return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), 1_000_000_000L), instant.getNano());
    }

    public static Instant instant(long nanos) {
        return Instant.ofEpochSecond(0, nanos);
    }
}
