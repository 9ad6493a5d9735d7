// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** How images are built, and what they may stand on. */
@Dependent
public class ImageConfig {
    /**
     * What names of {@code FROM} mean: {@code ubuntu:24.04=/srv/ubuntu.tar}, separated by commas. A directory or an archive
     * of a root file system, or an OCI archive, on each node; or an image of a registry, {@code docker://…}.
     */
    @Inject
    @ConfigProperty(name = "serai.image.bases")
    Optional<String> bases;

    /** Further Pythons on the nodes: {@code 3.12=/opt/python3.12}, separated by commas. A prefix that can be moved. */
    @Inject
    @ConfigProperty(name = "serai.image.pythons")
    Optional<String> pythons;

    /** Program on the nodes that {@code FROM mambaorg/micromamba:…} gets, best the static one; empty: there are no such images. */
    @Inject
    @ConfigProperty(name = "serai.image.micromamba")
    Optional<String> micromamba;

    /** Packages of the distribution that base systems are made with besides the least, separated by commas. */
    @Inject
    @ConfigProperty(name = "serai.image.packages", defaultValue = "ca-certificates")
    String packages;

    /** Release of Debian that base systems are made of; empty for the node's own. */
    @Inject
    @ConfigProperty(name = "serai.image.release")
    Optional<String> release;

    /** Variables that builds see and images do not keep, say an index of packages: {@code PIP_INDEX_URL=…}, one a line. */
    @Inject
    @ConfigProperty(name = "serai.image.environment")
    Optional<String> environment;

    /** File on the nodes with the authorities that builds trust; empty for the image's own. */
    @Inject
    @ConfigProperty(name = "serai.image.certificates")
    Optional<String> certificates;

    /** Cores of a build, in thousandths: reserved, not enforced. */
    @Inject
    @ConfigProperty(name = "serai.image.build-cpu", defaultValue = "1000")
    int buildCpu;

    /** Mebibytes of memory that a build may use. */
    @Inject
    @ConfigProperty(name = "serai.image.build-memory", defaultValue = "2048")
    int buildMemory;

    /**
     * Mebibytes of the node's disk that a build may write, all of its layers together; empty for half of what the node has free when
     * the build begins, as for a container that asks for none.
     */
    @Inject
    @ConfigProperty(name = "serai.image.build-disk")
    Optional<Integer> buildDisk;

    /** How long a build may take. ISO 8601; as long as the public client's builder functions. */
    @Inject
    @ConfigProperty(name = "serai.image.build-timeout", defaultValue = "PT1H")
    Duration buildTimeout;

    /** How long a build goes on when nobody waits for it. ISO 8601; a client that goes on asks again at once. */
    @Inject
    @ConfigProperty(name = "serai.image.build-silence", defaultValue = "PT10S")
    Duration buildSilence;

    /** How long an image that nobody asks for and no function uses keeps its layer. ISO 8601; longer than a month's job. */
    @Inject
    @ConfigProperty(name = "serai.image.retention", defaultValue = "P35D")
    Duration retention;

    /** Mebibytes of all layers together; beyond it images that no function uses lose theirs, the oldest first. */
    @Inject
    @ConfigProperty(name = "serai.image.max-size", defaultValue = "100000")
    int maxSize;

    /**
     * Task driver of the cluster, {@code docker} or {@code podman}, whose containers are run of images in the registry; empty:
     * runners make containers themselves, of layers on their nodes.
     */
    @Inject
    @ConfigProperty(name = "serai.image.driver")
    Optional<String> driver;

    /** Network mode of such containers, as their driver names it; empty for its default. */
    @Inject
    @ConfigProperty(name = "serai.image.driver-network")
    Optional<String> driverNetwork;

    /** {@code host:port/path} of an OCI registry: layers are there for all nodes, and images for the driver. */
    @Inject
    @ConfigProperty(name = "serai.image.registry")
    Optional<String> registry;

    /** Whether the registry speaks TLS, with a certificate that nodes trust. */
    @Inject
    @ConfigProperty(name = "serai.image.registry-tls", defaultValue = "true")
    boolean registryTls;

    /** File on the nodes with what the registry asks for, as {@code podman login --authfile} writes it; empty if it asks for nothing. */
    @Inject
    @ConfigProperty(name = "serai.image.registry-credentials")
    Optional<String> registryCredentials;

    /** A registry of OCI images, as nodes reach it. */
    public record Registry(String repository, boolean tls, Optional<String> credentials) {}

    /** What runs images of the registry. */
    public record Engine(String driver, Optional<String> network, boolean tls) {}

    public Optional<Registry> registry() {
        return registry.map(repository -> new Registry(repository, registryTls, registryCredentials));
    }

    /** @throws IllegalStateException a driver is set, and no registry */
    public Optional<Engine> engine() {
        if (driver.isPresent() && registry.isEmpty()) {
            throw new IllegalStateException(
                    "serai.image.driver=%s runs images of a registry, and serai.image.registry names none"
                            .formatted(driver.get()));
        }
        return driver.map(name -> new Engine(name, driverNetwork, registryTls));
    }

    public Duration retention() {
        return retention;
    }

    public int maxSizeMb() {
        return maxSize;
    }

    public Map<String, String> bases() {
        return pairs(bases, ",");
    }

    public Map<String, String> pythons() {
        return pairs(pythons, ",");
    }

    /** @param own of the interpreter that runs the runner */
    public Iterable<String> pythonVersions(Optional<String> own) {
        var all = new TreeSet<>(pythons().keySet());
        own.ifPresent(all::add);
        return all;
    }

    public Optional<String> micromamba() {
        return micromamba;
    }

    public String packages() {
        return packages;
    }

    public String release() {
        return release.orElse("");
    }

    public Map<String, String> environment() {
        return pairs(environment, "\n");
    }

    public String certificates() {
        return certificates.orElse("");
    }

    public int buildCpu() {
        return buildCpu;
    }

    public int buildMemory() {
        return buildMemory;
    }

    public Optional<Integer> buildDisk() {
        return buildDisk;
    }

    public Duration buildTimeout() {
        return buildTimeout;
    }

    public Duration buildSilence() {
        return buildSilence;
    }

    private static Map<String, String> pairs(Optional<String> text, String separator) {
        var pairs = new LinkedHashMap<String, String>();
        for (var item : text.orElse("").split(separator)) {
            int equals = item.indexOf('=');
            if (equals > 0) {
                pairs.put(
                        item.substring(0, equals).strip(),
                        item.substring(equals + 1).strip());
            }
        }
        return pairs;
    }
}
