// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.JsonNode;
import serai.local.doc.Json;

/** An amount of what a node has and an instance needs: MHz, mebibytes of memory and of disk. */
public record Capacity(long cpu, long memoryMb, long diskMb) {
    public static final Capacity NONE = new Capacity(0, 0, 0);

    /** What an allocation holds. */
    public static Capacity of(JsonNode allocation) {
        JsonNode resources = allocation.path("Resources");
        return new Capacity(
                Json.number(resources, "CPU"), Json.number(resources, "MemoryMB"), Json.number(resources, "DiskMB"));
    }

    public Capacity plus(Capacity other) {
        return new Capacity(cpu + other.cpu, memoryMb + other.memoryMb, diskMb + other.diskMb);
    }

    public boolean fitsInto(Capacity whole) {
        return cpu <= whole.cpu && memoryMb <= whole.memoryMb && diskMb <= whole.diskMb;
    }
}
