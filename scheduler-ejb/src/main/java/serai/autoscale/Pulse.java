// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;

/** When the autoscaler ticked last. */
@ApplicationScoped
public class Pulse {
    private volatile Instant last = Instant.now(); // counts from the start

    void beat(Instant now) {
        last = now;
    }

    public Instant last() {
        return last;
    }
}
