// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import serai.app.App;
import serai.id.NewId;

/** Code that can be called. It keeps its id over deployments while its {@link Definition} changes. */
@Entity
public class Function {
    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String appId;
    private String name;
    private String definitionId;

    protected Function() {} // JPA

    Function(App app, String name) {
        this.id = NewId.of("fu");
        this.workspaceId = app.workspaceId();
        this.environmentId = app.environmentId();
        this.appId = app.id();
        this.name = name;
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

    public String appId() {
        return appId;
    }

    public String name() {
        return name;
    }

    /** @return of the definition by which it runs; null until its app is published */
    public String definitionId() {
        return definitionId;
    }

    void run(Definition definition) {
        definitionId = definition.id();
    }
}
