// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.util.List;
import modal.client.Function;
import modal.client.Warning;

/** Of memory, which are not taken: a function that may be started from one works without, only not as fast, and is told so. */
final class Snapshots {
    private static final String OF_GPUS = "enable_gpu_snapshot";

    private Snapshots() {}

    /** Whether it is an experimental option that is about snapshots only. */
    static boolean isOption(String experimental) {
        return experimental.equals(OF_GPUS);
    }

    /** @return what the client shows when the function is made */
    static List<Warning> warnings(Function function) {
        if (!function.getCheckpointingEnabled()) {
            return List.of();
        }
        return List.of(Warning.newBuilder()
                .setType(Warning.WarningType.WARNING_TYPE_FUNCTION_CONFIGURATION)
                .setMessage(
                        "Function '%s': enable_memory_snapshot changes nothing in this version of Serai. Each container starts anew."
                                .formatted(function.getFunctionName()))
                .build());
    }
}
