// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.mount;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import serai.id.NewId;
import serai.workspace.Environment;

/** A set of files with their places in a container. */
@Entity
public class Mount {
    /** A mount of this name and a version stands for the client's own package of that version, which nodes install themselves. */
    public static final String CLIENT = "modal-client-mount-";

    /** How the mounts of standalone Pythons are called: release and version follow. They are empty here: nodes have the Pythons. */
    public static final String STANDALONE_PYTHON = "python-build-standalone.";

    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String name;
    private String checksum;

    protected Mount() {} // JPA

    Mount(Environment environment, String name, String checksum) {
        this.id = NewId.of("mo");
        this.workspaceId = environment.workspaceId();
        this.environmentId = environment.id();
        this.name = name;
        this.checksum = checksum;
    }

    public String id() {
        return id;
    }

    public String workspaceId() {
        return workspaceId;
    }

    /** @return null for one without a name */
    public String name() {
        return name;
    }

    /** @return hex SHA-256 over the sorted files: equal sets have equal checksums */
    public String checksum() {
        return checksum;
    }
}
