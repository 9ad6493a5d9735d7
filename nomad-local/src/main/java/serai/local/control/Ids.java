// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.control;

import java.util.UUID;

/** Identifiers as Nomad makes them. */
final class Ids {
    private Ids() {}

    static String next() {
        return UUID.randomUUID().toString();
    }
}
