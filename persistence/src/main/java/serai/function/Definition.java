// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.persistence.Column;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import serai.device.Gpu;
import serai.id.NewId;

/** One version of a function as the client described it, with what the platform itself has to know. Never changed. */
@Entity
public class Definition {
    @Id
    private String id;

    private String functionId;
    private byte[] content;
    private byte[] data;
    private byte[] handle;

    @Embedded
    private AutoscalerSettings autoscaler;

    @Embedded
    private RetryPolicy retryPolicy;

    @Embedded
    private Resources resources;

    private int concurrency;

    @Column(name = "timeout_ms")
    private Duration timeout;

    @Column(name = "startup_timeout_ms")
    private Duration startupTimeout;

    private String imageId;
    private String[] mounts;
    private String clientVersion;
    private String[] gpus;
    private String[] secrets;
    private boolean template;
    private boolean singleUse;
    private boolean serves;
    private Instant createdAt;

    protected Definition() {} // JPA

    public Definition(String functionId, Wire wire, Duties duties) {
        this.id = NewId.of("de");
        this.functionId = functionId;
        this.content = wire.content();
        this.data = wire.data();
        this.handle = wire.handle();
        this.autoscaler = duties.autoscaler();
        this.retryPolicy = duties.retryPolicy();
        this.resources = duties.resources();
        this.concurrency = duties.concurrency();
        this.timeout = duties.timeout();
        this.startupTimeout = duties.startupTimeout();
        this.imageId = duties.imageId();
        this.mounts = duties.mounts().toArray(String[]::new);
        this.clientVersion = duties.clientVersion();
        this.gpus = duties.gpus().stream().map(Gpu::text).toArray(String[]::new);
        this.secrets = duties.secrets().toArray(String[]::new);
        this.template = duties.template();
        this.singleUse = duties.singleUse();
        this.serves = duties.serves();
        this.createdAt = Instant.now();
    }

    public String id() {
        return id;
    }

    public String functionId() {
        return functionId;
    }

    public Wire wire() {
        return new Wire(content, data, handle);
    }

    public Duties duties() {
        return new Duties(
                autoscaler,
                retryPolicy,
                resources,
                concurrency,
                timeout,
                startupTimeout,
                imageId,
                List.of(mounts),
                clientVersion,
                Stream.of(gpus).map(Gpu::parse).toList(),
                List.of(secrets),
                template,
                singleUse,
                serves);
    }

    /**
     * The client's own messages, serialized: what we do not understand survives.
     *
     * @param content {@code modal.client.Function}
     * @param data {@code modal.client.FunctionData}
     * @param handle {@code modal.client.FunctionHandleMetadata}
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    public record Wire(byte[] content, byte[] data, byte[] handle) {}

    /**
     * What the platform has to do for this version.
     *
     * @param concurrency how many inputs a container should have at a time, at least 1
     * @param timeout of one attempt
     * @param startupTimeout from process start to the first request for work
     * @param imageId null for builder functions without one
     * @param mounts ids of the mounts, in no order
     * @param clientVersion of the package that the container's runtime has to be
     * @param gpus what a container needs, by rank: the first that has room; empty for none
     * @param secrets ids of the secrets whose variables a container gets; the later one counts
     * @param template whether only {@link Variants} of it run, as it lacks parameters
     * @param singleUse whether a container ends after its first input
     * @param serves whether its containers are HTTP servers: they take requests, of which {@code concurrency} counts, and no inputs
     */
    public record Duties(
            AutoscalerSettings autoscaler,
            RetryPolicy retryPolicy,
            Resources resources,
            int concurrency,
            Duration timeout,
            Duration startupTimeout,
            String imageId,
            List<String> mounts,
            String clientVersion,
            List<Gpu> gpus,
            List<String> secrets,
            boolean template,
            boolean singleUse,
            boolean serves) {
        public Duties {
            gpus = List.copyOf(gpus);
            secrets = List.copyOf(secrets);
        }

        /** Without GPUs and secrets, complete in itself. */
        public Duties(
                AutoscalerSettings autoscaler,
                RetryPolicy retryPolicy,
                Resources resources,
                int concurrency,
                Duration timeout,
                Duration startupTimeout,
                String imageId,
                List<String> mounts,
                String clientVersion) {
            this(
                    autoscaler,
                    retryPolicy,
                    resources,
                    concurrency,
                    timeout,
                    startupTimeout,
                    imageId,
                    mounts,
                    clientVersion,
                    List.of(),
                    List.of(),
                    false,
                    false,
                    false);
        }

        /** @return how many pools a function has, at least 1 */
        public int ranks() {
            return Math.max(1, gpus.size());
        }

        /**
         * @param rank of a pool, below {@link #ranks()}
         * @return what each of its containers needs; empty if no GPU
         */
        public Optional<Gpu> gpu(int rank) {
            return gpus.isEmpty() ? Optional.empty() : Optional.of(gpus.get(rank));
        }
    }
}
