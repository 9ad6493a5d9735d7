// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.plan;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import serai.local.doc.Json;

/** Nomad's older way of writing resources, still in every allocation. */
public final class ResourceDocs {
    private ResourceDocs() {}

    public static ObjectNode of(long cpu, long memoryMb, long diskMb) {
        NullNode none = NullNode.getInstance();
        return Json.object(
                "CPU",
                cpu,
                "Cores",
                0,
                "Devices",
                none,
                "DiskMB",
                diskMb,
                "IOPS",
                0,
                "MemoryMB",
                memoryMb,
                "MemoryMaxMB",
                0,
                "NUMA",
                none,
                "Networks",
                none,
                "SecretsMB",
                0);
    }
}
