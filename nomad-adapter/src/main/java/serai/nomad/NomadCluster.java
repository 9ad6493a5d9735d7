// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.nomad;

import static java.util.stream.Collectors.joining;

import com.hashicorp.nomad.apimodel.AgentSelf;
import com.hashicorp.nomad.apimodel.Job;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.eclipse.microprofile.faulttolerance.exceptions.CircuitBreakerOpenException;
import org.eclipse.microprofile.faulttolerance.exceptions.TimeoutException;
import serai.cluster.Allocation;
import serai.cluster.AllocationId;
import serai.cluster.Cluster;
import serai.cluster.ClusterInfo;
import serai.cluster.Node;
import serai.cluster.PoolJob;
import serai.cluster.Shortage;
import serai.config.NomadConfig;
import serai.pool.PoolId;
import serai.problem.Problem;
import serai.problem.ProblemException;

/**
 * {@link Cluster} on HashiCorp Nomad: a pool is a job, a container runs in an allocation. Each call to Nomad has the
 * patience that {@link NomadApi} states.
 */
@ApplicationScoped
public class NomadCluster implements Cluster {
    /** For the end of a removed pool to be seen by watchers, who hear nothing of it any more once it is purged. */
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final NomadApi nomad;
    private final NomadTransport transport;
    private final NomadConfig settings;
    private final AgentPages pages;
    private volatile Outage outage;

    @Inject
    public NomadCluster(NomadApi nomad, NomadTransport transport, NomadConfig settings, AgentPages pages) {
        this.pages = pages;
        this.nomad = nomad;
        this.transport = transport;
        this.settings = settings;
    }

    /** For the server's proxy. */
    public NomadCluster() {
        this(null, null, null, null);
    }

    /** For use without a container: no retries and no breaker then. */
    public static NomadCluster of(NomadConfig settings) {
        var transport = new NomadTransport(settings);
        return new NomadCluster(new NomadApi(transport), transport, settings, new AgentPages(transport, settings));
    }

    /** A pool that is known with another content is changed, and Nomad then replaces its containers, all at once. */
    @Override
    public void declare(PoolJob pool) {
        var job = RunnerJob.of(pool, settings);
        asking(() -> {
            if (nomad.job(pool.pool()).filter(known -> isTheSame(known, job)).isEmpty()) {
                nomad.putSecret(pool.pool(), pool.secret()); // first, as no allocation starts without it
                nomad.register(job);
            }
            return null;
        });
    }

    /** Our own digest, because Nomad takes a first identical registration of a scalable job for a change. */
    private static boolean isTheSame(Job known, Job wanted) {
        var meta = Objects.requireNonNullElse(known.getMeta(), Map.of());
        return !Boolean.TRUE.equals(known.getStop())
                && wanted.getMeta().get(RunnerJob.CONTENT).equals(meta.get(RunnerJob.CONTENT));
    }

    /** @throws ProblemException {@link Problem#POOL_NOT_DECLARED} if Nomad has no such job: declare it and ask again */
    @Override
    public void resize(PoolId pool, int total, String reason) {
        asking(() -> {
            try {
                nomad.scale(pool, total, reason);
                return null;
            } catch (NomadRefused e) {
                throw e.isNotFound() ? Problem.POOL_NOT_DECLARED.because("%s: %s", pool, e.getMessage()) : e;
            }
        });
    }

    /** Waits some seconds for containers that end politely. One that takes longer still gets its kill timeout. */
    @Override
    public void remove(PoolId pool) {
        asking(() -> {
            nomad.stop(pool);
            awaitEnd(pool);
            nomad.purge(pool);
            nomad.deleteSecret(pool);
            return null;
        });
    }

    private void awaitEnd(PoolId pool) {
        long deadline = System.nanoTime() + FAREWELL.toNanos();
        try {
            while (System.nanoTime() < deadline
                    && allocations(pool).stream().anyMatch(a -> !a.state().isTerminal())) {
                Thread.sleep(FAREWELL.dividedBy(100));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // then without the farewell
        }
    }

    @Override
    public List<Allocation> allocations(PoolId pool) {
        return asking(() -> nomad.allocations(pool)).stream()
                .map(stub -> ReportedAllocation.of(stub).toAllocation())
                .toList();
    }

    @Override
    public Optional<Allocation> allocation(AllocationId id) {
        return asking(() -> nomad.allocation(id.value()))
                .map(ReportedAllocation::of)
                .filter(ReportedAllocation::isOurs)
                .map(ReportedAllocation::toAllocation);
    }

    @Override
    public Optional<Shortage> shortage(PoolId pool) {
        return new UnplacedWork(asking(() -> nomad.evaluations(pool))).shortage();
    }

    @Override
    public void stop(AllocationId id) {
        asking(() -> {
            nomad.stopAllocation(id.value());
            return null;
        });
    }

    /** Returns at once, also while Nomad does not answer; the listener then hears from it as soon as it does. */
    @Override
    public Watch watch(Consumer<Allocation> listener) {
        return AllocationEvents.follow(transport, listener);
    }

    @Override
    public ClusterInfo info() {
        return new ClusterInfo(
                "Nomad", version(asking(nomad::self)), settings.address().toString());
    }

    @Override
    public List<Node> nodes() {
        return asking(nomad::nodes).stream()
                .map(node -> node.toNode(
                        pages.page("clients/" + node.id()).map(URI::toString).orElse("")))
                .toList();
    }

    @Override
    public Optional<URI> page(PoolId pool) {
        return pages.page("jobs/%s%%40%s".formatted(pool.value(), settings.namespace()));
    }

    @Override
    public Optional<URI> page(AllocationId id) {
        return pages.page("allocations/" + id.value());
    }

    /** As Nomad puts it together itself: {@code 2.0.6-dev}. */
    private static String version(AgentSelf agent) {
        return agent.getConfig().get("Version") instanceof Map<?, ?> version
                ? Stream.of(version.get("Version"), version.get("VersionPrerelease"))
                        .filter(part -> part instanceof String text && !text.isEmpty())
                        .map(String.class::cast)
                        .collect(joining("-"))
                : "unknown";
    }

    private <T> T asking(Supplier<T> call) {
        try {
            T answer = call.get();
            answered();
            return answer;
        } catch (NomadRefused e) {
            answered();
            throw causedBy(e, Problem.CLUSTER_REFUSED.because("%s", e.getMessage()));
        } catch (NomadUnreachable e) {
            throw silent(e, false, e.getMessage());
        } catch (TimeoutException e) {
            throw silent(e, false, "no answer within %d ms".formatted(NomadApi.TIMEOUT_MS));
        } catch (CircuitBreakerOpenException e) {
            throw silent(e, true, "the last calls failed; the next try is in some seconds");
        }
    }

    private void answered() {
        if (outage != null) { // as a rule it is, and a look costs less than a write
            outage = null;
        }
    }

    private ProblemException silent(RuntimeException cause, boolean isPaused, String reason) {
        var before = outage;
        outage = before == null
                ? new Outage(Instant.now(), isPaused, reason)
                : new Outage(before.since(), isPaused, before.reason());
        return causedBy(cause, Problem.CLUSTER_UNAVAILABLE.because("%s", reason));
    }

    @Override
    public Optional<Outage> outage() {
        return Optional.ofNullable(outage);
    }

    private static ProblemException causedBy(RuntimeException cause, ProblemException problem) {
        problem.initCause(cause);
        return problem;
    }
}
