// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.autoscale;

import java.time.Duration;

/** An autoscaler under comparison. */
interface Scaler {
    /** @return how often it looks without being asked */
    Duration period();

    /**
     * @param isArrival whether calls arrived that no container was free for; otherwise its time has come
     * @return how many containers there shall be
     */
    int look(TrafficPool pool, boolean isArrival);
}
