// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.workspace;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** A tenant: nothing is visible from one workspace to another. */
@Entity
public class Workspace {
    @Id
    private String id;

    private String name;

    protected Workspace() {} // JPA

    public Tenant tenant() {
        return new Tenant(id, name);
    }
}
