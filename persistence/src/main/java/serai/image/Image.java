// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import serai.device.Gpu;

/** What a container finds around its code, one layer of it. What its build does is read by {@link Builds} alone. */
@Entity
public class Image {
    @Id
    private String id;

    private String workspaceId;
    private String baseId;
    private String builderVersion;
    private String pythonVersion;
    private String baseSystem;
    private String runAs;
    private boolean needsBuild;
    private String layer;
    private byte[] functionInput;
    private String gpu;

    @JdbcTypeCode(SqlTypes.JSON)
    private Map<String, String> environment;

    private String workdir;

    @JdbcTypeCode(SqlTypes.JSON)
    private List<String> entrypoint;

    @JdbcTypeCode(SqlTypes.JSON)
    private List<String> baseLayers = List.of();

    protected Image() {} // JPA

    void describe(Layer layer) {
        environment = layer.environment();
        entrypoint = layer.entrypoint().orElse(null);
    }

    public String id() {
        return id;
    }

    public String workspaceId() {
        return workspaceId;
    }

    String baseId() {
        return baseId;
    }

    public String builderVersion() {
        return builderVersion;
    }

    String pythonVersion() {
        return pythonVersion;
    }

    /** What {@code FROM} names; null if it stands on another image. */
    String baseSystem() {
        return baseSystem;
    }

    /** Names of the base system's layers that its own stands on, the highest first; empty where each node has its own. */
    List<String> baseLayers() {
        return baseLayers;
    }

    String runAs() {
        return runAs;
    }

    /** Whether a container cannot start before it was built. */
    public boolean needsBuild() {
        return needsBuild;
    }

    /** What its build made; null if it was not built. */
    String layer() {
        return layer;
    }

    /** Whether a function makes its layer, and no commands. */
    public boolean isMadeByFunction() {
        return functionInput != null;
    }

    /** @return what the function that makes it is called with, as the client's message; empty if commands make it */
    Optional<byte[]> functionInput() {
        return Optional.ofNullable(functionInput);
    }

    /** What the commands that make it are given. */
    Optional<Gpu> gpu() {
        return Optional.ofNullable(gpu).map(Gpu::parse);
    }

    Map<String, String> environment() {
        return environment;
    }

    String workdir() {
        return workdir;
    }

    /** Words before a container's command: none take away those of what it stands on. Empty if it does not say. */
    Optional<List<String>> entrypoint() {
        return Optional.ofNullable(entrypoint);
    }
}
