// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hashicorp.nomad.apimodel.AgentSelf;
import com.hashicorp.nomad.apimodel.AllocationListStub;
import com.hashicorp.nomad.apimodel.Evaluation;
import com.hashicorp.nomad.apimodel.Job;
import com.hashicorp.nomad.javasdk.NomadJson;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import org.eclipse.microprofile.faulttolerance.CircuitBreaker;
import org.eclipse.microprofile.faulttolerance.Retry;
import org.eclipse.microprofile.faulttolerance.Timeout;
import org.eclipse.microprofile.faulttolerance.exceptions.TimeoutException;
import serai.pool.PoolId;

/**
 * The calls that we make, one HTTP request each, and the patience that each of them gets. All of them may be repeated:
 * they read, or they set a whole. A refusal is not repeated, nor is a call that took too long or met an open breaker.
 *
 * <p>It is a bean of its own because the annotations act on calls from outside only, and because {@link NomadCluster} has
 * to turn what they throw into problems.
 */
@ApplicationScoped
@Timeout(NomadApi.TIMEOUT_MS)
@Retry( // rides out an election of a leader; an agent that is silent gets no more than one other try
        maxRetries = 3,
        delay = 200, // ms
        jitter = 100, // ms
        maxDuration = 4_000, // ms
        retryOn = NomadUnreachable.class)
@CircuitBreaker(
        requestVolumeThreshold = 10,
        delay = 5_000, // ms
        failOn = {NomadUnreachable.class, TimeoutException.class})
public class NomadApi {
    static final long TIMEOUT_MS = 5_000;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final NomadTransport transport;

    @Inject
    public NomadApi(NomadTransport transport) {
        this.transport = transport;
    }

    /** For the server's proxy. */
    public NomadApi() {
        this(null);
    }

    public Optional<Job> job(PoolId pool) {
        return found(
                () -> transport.sdk(sdk -> sdk.getJobsApi().info(pool.value()).getValue()));
    }

    /** Creates or replaces. The count of a job that exists is kept, which the SDK cannot ask for. */
    public void register(Job job) {
        transport.put("/v1/jobs", NomadJson.serialize(Map.of("Job", job, "PreserveCounts", true)));
    }

    /** @throws NomadRefused 404 if there is no such job */
    public void scale(PoolId pool, int count, String reason) {
        transport.sdk(sdk -> sdk.getJobsApi().scaleGroup(pool.value(), RunnerJob.GROUP, count, reason, Map.of(), null));
    }

    /** An unknown job is not an error. */
    public void stop(PoolId pool) {
        transport.sdk(sdk -> sdk.getJobsApi().deregister(pool.value(), false));
    }

    /** Job and allocations are gone from the API at once; what still runs keeps its kill timeout. */
    public void purge(PoolId pool) {
        transport.sdk(sdk -> sdk.getJobsApi().deregister(pool.value(), true));
    }

    public void putSecret(PoolId pool, String secret) {
        var path = RunnerJob.secretPath(pool);
        transport.put("/v1/var/" + path, NomadJson.serialize(Map.of("Path", path, "Items", Map.of("secret", secret))));
    }

    /** An unknown secret is not an error. */
    public void deleteSecret(PoolId pool) {
        transport.delete("/v1/var/" + RunnerJob.secretPath(pool));
    }

    public List<AllocationListStub> allocations(PoolId pool) {
        return transport.sdk(sdk -> sdk.getJobsApi().allocations(pool.value()).getValue());
    }

    public Optional<com.hashicorp.nomad.apimodel.Allocation> allocation(String id) {
        return found(() -> transport.sdk(sdk -> sdk.getAllocationsApi().info(id).getValue()));
    }

    /** Nomad places another one; an unknown or ended one is not an error. */
    public void stopAllocation(String id) {
        found(() -> transport.sdk(sdk -> sdk.getAllocationsApi().stop(id)));
    }

    public List<Evaluation> evaluations(PoolId pool) {
        return transport.sdk(sdk -> sdk.getJobsApi().evaluations(pool.value()).getValue());
    }

    /** With their resources, which the SDK does not ask for. */
    public List<ReportedNode> nodes() {
        try {
            var answer = JSON.readTree(
                    transport.get("/v1/nodes", Map.of("resources", "true")).body());
            return StreamSupport.stream(answer.spliterator(), false)
                    .map(ReportedNode::new)
                    .toList();
        } catch (JsonProcessingException e) {
            throw new NomadUnreachable("what answers at /v1/nodes is no JSON", e);
        }
    }

    public AgentSelf self() {
        return transport.sdk(sdk -> sdk.getAgentApi().self().getValue());
    }

    private static <T> Optional<T> found(Supplier<T> read) {
        try {
            return Optional.of(read.get());
        } catch (NomadRefused e) {
            if (e.isNotFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
