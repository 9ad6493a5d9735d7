// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.device;

import java.util.List;

/**
 * What the cluster is asked for. All devices of one request are of one model and on one node.
 *
 * @param kind {@code type}, {@code vendor/type} or {@code vendor/type/model}, as nodes report it
 * @param count at least 1
 * @param needs all of them hold for a device that is given
 * @param prefers a device for which they hold is given rather than another
 */
public record DeviceRequest(String kind, int count, List<Condition> needs, List<Condition> prefers) {
    public DeviceRequest {
        needs = List.copyOf(needs);
        prefers = List.copyOf(prefers);
    }
}
