// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.util.Map;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;

/** What a container finds around its code: for now the host's Python, variables, and local files. */
@Entity
public class Image {
    @Id
    private String id;

    private String workspaceId;
    private String baseId;
    private String builderVersion;
    private String pythonVersion;

    @JdbcTypeCode(SqlTypes.JSON)
    private Map<String, String> environment;

    private String workdir;

    protected Image() {} // JPA

    void describe(Layer layer) {
        environment = layer.environment();
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

    Map<String, String> environment() {
        return environment;
    }

    String workdir() {
        return workdir;
    }
}
