// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.secret;

import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.time.Instant;
import java.util.List;
import serai.id.NewId;
import serai.workspace.Environment;

/** Variables for containers, of which only the names can be seen. */
@Entity
public class Secret {
    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String appId;
    private String name;
    private String[] names;

    @Embedded
    private Sealed sealed;

    private Instant createdAt;
    private Instant lastUsedAt;

    protected Secret() {} // JPA

    Secret(Environment environment, String name, String appId, Instant now) {
        this.id = NewId.of("st");
        this.workspaceId = environment.workspaceId();
        this.environmentId = environment.id();
        this.name = name;
        this.appId = appId;
        this.createdAt = now;
    }

    public String id() {
        return id;
    }

    public String workspaceId() {
        return workspaceId;
    }

    public String environmentId() {
        return environmentId;
    }

    /** @return null for one that only its id finds */
    public String name() {
        return name;
    }

    /** @return the names of its variables, sorted */
    public List<String> variables() {
        return List.of(names);
    }

    public Instant createdAt() {
        return createdAt;
    }

    /** @return when a container was given it last; null if none was */
    public Instant lastUsedAt() {
        return lastUsedAt;
    }

    void hold(Variables variables, MasterKeys keys) {
        names = variables.values().keySet().toArray(String[]::new);
        sealed = keys.seal(id, variables.serialized());
    }

    Variables open(MasterKeys keys) {
        return Variables.parse(keys.open(id, sealed));
    }

    void rewrap(MasterKeys keys) {
        sealed = keys.rewrap(id, sealed);
    }

    /** Bytes of its variables, and some more. */
    int size() {
        return sealed.content().length;
    }
}
