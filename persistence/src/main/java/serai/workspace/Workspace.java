// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import serai.id.NewId;

/** A tenant: nothing is visible from one workspace to another. */
@Entity
public class Workspace {
    @Id
    private String id;

    private String name;

    protected Workspace() {} // JPA

    Workspace(String name) {
        this.id = NewId.of("ws");
        this.name = name;
    }

    public Tenant tenant() {
        return new Tenant(id, name);
    }
}
