// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

import java.util.List;

/**
 * A machine of the cluster.
 *
 * @param status in the cluster's words, say {@code ready} or {@code down}
 * @param eligible whether new containers may be placed on it
 * @param pool of nodes that it belongs to
 * @param cores that it has; 0 where the cluster does not say
 * @param cpuMhz of all cores together
 * @param page where people look at it; empty where the cluster shows none
 */
public record Node(
        String id,
        String name,
        String status,
        boolean eligible,
        String datacenter,
        String pool,
        String version,
        int cores,
        int cpuMhz,
        int memoryMb,
        int diskMb,
        List<Device> devices,
        String page) {

    /** Devices of one kind, say {@code nvidia gpu "A100"}. */
    public record Device(String vendor, String type, String name, int count, int healthy) {}
}
