// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Where the cluster is reached and how pools become jobs on it. */
@Dependent
public class NomadConfig {
    private static final String NAMESPACE = "default";
    private static final String ANY_DATACENTER = "*";
    private static final String NODE_POOL = "default";
    private static final String DRIVER = "raw_exec";
    private static final Pattern VOLUME = Pattern.compile("([A-Za-z0-9_-]+)=(/[^:,]*)(:ro)?");
    private static final String CORE_MHZ = "1000";

    /** Scheme, host and port of the HTTP API; the default is where an agent listens. No path. */
    @Inject
    @ConfigProperty(name = "serai.nomad.address", defaultValue = "http://127.0.0.1:4646")
    URI address;

    /**
     * Sent with each request. Least rights: submit-job, scale-job, read-job and alloc-lifecycle in the namespace, write
     * and destroy of the variables {@code nomad/jobs/*}, and agent read.
     */
    @Inject
    @ConfigProperty(name = "serai.nomad.token")
    Optional<String> token;

    /** In which all our jobs live. */
    @Inject
    @ConfigProperty(name = "serai.nomad.namespace", defaultValue = NAMESPACE)
    String namespace;

    /** Empty for the region of the agent that is asked. */
    @Inject
    @ConfigProperty(name = "serai.nomad.region")
    Optional<String> region;

    /** Separated by commas; globs are allowed. */
    @Inject
    @ConfigProperty(name = "serai.nomad.datacenters", defaultValue = ANY_DATACENTER)
    List<String> datacenters;

    /** Must exist: a job in an unknown node pool is refused. */
    @Inject
    @ConfigProperty(name = "serai.nomad.node-pool", defaultValue = NODE_POOL)
    String nodePool;

    /** PEM file; empty for the authorities that the Java runtime trusts. */
    @Inject
    @ConfigProperty(name = "serai.nomad.ca-certificate")
    Optional<String> caCertificate;

    /** PEM file with our certificate, for an agent that verifies its clients. */
    @Inject
    @ConfigProperty(name = "serai.nomad.client-certificate")
    Optional<String> clientCertificate;

    /** PEM file with the certificate's key, PKCS#1, PKCS#8 or SEC 1, not encrypted. */
    @Inject
    @ConfigProperty(name = "serai.nomad.client-key")
    Optional<String> clientKey;

    /** Task driver that starts the runner: {@code raw_exec}, or {@code exec}, in whose root it completes what it lacks (ADR 0025). */
    @Inject
    @ConfigProperty(name = "serai.nomad.driver", defaultValue = DRIVER)
    String driver;

    /** Host volumes of the nodes that the runner's task has, {@code name=/path} or {@code name=/path:ro}, separated by commas. */
    @Inject
    @ConfigProperty(name = "serai.nomad.volumes")
    Optional<String> volumes;

    /** MHz that are asked for one core: the cluster counts CPU in MHz, functions ask for cores. */
    @Inject
    @ConfigProperty(name = "serai.nomad.core-mhz", defaultValue = CORE_MHZ)
    int coreMhz;

    /** A host volume that clients of the cluster have by this name, and where the task finds it. */
    public record Volume(String name, String path, boolean readOnly) {}

    /** The defaults with another address and token, for use without a container. */
    public static NomadConfig at(URI address, Optional<String> token) {
        var config = new NomadConfig();
        config.address = address;
        config.token = token;
        config.namespace = NAMESPACE;
        config.region = Optional.empty();
        config.datacenters = List.of(ANY_DATACENTER);
        config.nodePool = NODE_POOL;
        config.caCertificate = Optional.empty();
        config.clientCertificate = Optional.empty();
        config.clientKey = Optional.empty();
        config.driver = DRIVER;
        config.volumes = Optional.empty();
        config.coreMhz = Integer.parseInt(CORE_MHZ);
        return config;
    }

    /** The same with another driver, and volumes for it. */
    public static NomadConfig at(URI address, String driver, String volumes) {
        var config = at(address, Optional.empty());
        config.driver = driver;
        config.volumes = Optional.of(volumes);
        return config;
    }

    public URI address() {
        return address;
    }

    public Optional<String> token() {
        return token;
    }

    public String namespace() {
        return namespace;
    }

    public Optional<String> region() {
        return region;
    }

    public List<String> datacenters() {
        return datacenters;
    }

    public String nodePool() {
        return nodePool;
    }

    public Optional<String> caCertificate() {
        return caCertificate;
    }

    public Optional<String> clientCertificate() {
        return clientCertificate;
    }

    public Optional<String> clientKey() {
        return clientKey;
    }

    public String driver() {
        return driver;
    }

    /** @throws IllegalStateException naming what is none */
    public List<Volume> volumes() {
        return volumes.stream()
                .flatMap(text -> Stream.of(text.split(",", -1)))
                .map(text -> volume(text.strip()))
                .toList();
    }

    private static Volume volume(String text) {
        var parts = VOLUME.matcher(text);
        if (!parts.matches()) {
            throw new IllegalStateException(
                    "serai.nomad.volumes: '%s' is none: name=/path or name=/path:ro, separated by commas"
                            .formatted(text));
        }
        return new Volume(parts.group(1), parts.group(2), parts.group(3) != null);
    }

    public int coreMhz() {
        return coreMhz;
    }
}
