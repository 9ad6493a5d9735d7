// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import java.util.List;
import java.util.Optional;
import modal.client.Function;
import modal.client.GPUConfig;
import serai.device.DeviceNames;
import serai.device.Gpu;
import serai.problem.Problem;

/** Reads which GPUs a function or a build asks for. Only known names: one that means nothing would wait for ever. */
record GpuReader(DeviceNames names) {
    /** Each alternative is a pool of its own. */
    private static final int MOST_RANKS = 8;

    /** @param ranked the function once for each alternative, the most wanted first; one or none if there is no choice */
    List<Gpu> read(Function function, List<Function> ranked) {
        if (ranked.size() > MOST_RANKS) {
            throw Problem.INVALID_ARGUMENT.because(
                    "gpu: %d alternatives, at most %d are allowed", ranked.size(), MOST_RANKS);
        }
        if (ranked.size() < 2) {
            return read(function.getResources().getGpuConfig()).stream().toList();
        }
        var plain = withoutGpu(ranked.getFirst());
        if (!ranked.stream().allMatch(alternative -> withoutGpu(alternative).equals(plain))) {
            throw Problem.INVALID_ARGUMENT.because("ranked_functions: they may differ in resources.gpu_config only");
        }
        return ranked.stream()
                .map(alternative -> gpu(alternative.getResources().getGpuConfig()))
                .toList();
    }

    /** What is no choice. */
    Optional<Gpu> read(GPUConfig asked) {
        return asked.equals(GPUConfig.getDefaultInstance()) ? Optional.empty() : Optional.of(gpu(asked));
    }

    private Gpu gpu(GPUConfig asked) {
        var gpu = new Gpu(asked.getGpuType(), asked.getCount());
        names.request(gpu);
        return gpu;
    }

    private static Function withoutGpu(Function function) {
        var plain = function.toBuilder();
        plain.getResourcesBuilder().clearGpuConfig();
        return plain.build();
    }
}
