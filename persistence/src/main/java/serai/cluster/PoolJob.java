// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.cluster;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serai.device.DeviceRequest;
import serai.pool.PoolId;

/**
 * What the cluster has to know to run containers of a pool.
 *
 * @param labels shown to operators: {@code app}, {@code function}, {@code version}, {@code environment}, {@code
 *     workspace}, and {@code serai_url}: where the function is looked at
 * @param maxContainers the most that will ever be asked for, at least 1
 * @param secret proves to the server that a runner belongs to this pool; only the pool's own allocations may read it
 * @param environment for the runner, readable by anyone who may read the job: no secrets
 * @param killTimeout from the polite signal to the hard one
 * @param engine empty: the runner makes its container itself
 */
public record PoolJob(
        PoolId pool,
        Map<String, String> labels,
        Resources resources,
        int maxContainers,
        String secret,
        Runner runner,
        Map<String, String> environment,
        Duration killTimeout,
        Optional<Engine> engine) {

    /** Without an engine: the runner makes its container itself. */
    public PoolJob(
            PoolId pool,
            Map<String, String> labels,
            Resources resources,
            int maxContainers,
            String secret,
            Runner runner,
            Map<String, String> environment,
            Duration killTimeout) {
        this(pool, labels, resources, maxContainers, secret, runner, environment, killTimeout, Optional.empty());
    }

    /**
     * A container engine, in whose container the runner runs.
     *
     * @param driver the cluster's
     * @param image with its digest
     * @param network as the driver names it; empty for its default
     * @param tls whether the image's registry has it
     * @param processes the most of one container, threads among them
     * @param milliCpuMax thousandths of a core that one container may use at most; 0 for no limit
     */
    public record Engine(
            String driver, String image, Optional<String> network, boolean tls, int processes, int milliCpuMax) {}

    /**
     * What one container needs.
     *
     * @param milliCpu thousandths of a core, at least 1
     * @param memoryMb mebibytes that are reserved
     * @param memoryMaxMb mebibytes that may be used where the cluster allows more than is reserved; 0 for no more
     * @param diskMb mebibytes of scratch space
     * @param devices each of them from one model of the node
     */
    public record Resources(int milliCpu, int memoryMb, int memoryMaxMb, int diskMb, List<DeviceRequest> devices) {
        public Resources {
            devices = List.copyOf(devices);
        }

        public Resources(int milliCpu, int memoryMb, int memoryMaxMb, int diskMb) {
            this(milliCpu, memoryMb, memoryMaxMb, diskMb, List.of());
        }
    }

    /**
     * The program that an allocation starts.
     *
     * @param artifacts where the node fetches it, over http or https; any of them will do
     * @param sha256 hex digest that the node checks
     * @param python the interpreter on the node: a command or an absolute path
     */
    public record Runner(List<URI> artifacts, String sha256, String python) {
        public Runner {
            artifacts = List.copyOf(artifacts);
        }
    }
}
