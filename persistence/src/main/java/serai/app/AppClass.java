// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import serai.id.NewId;

/** A class of an app, which its publications name. What runs of it is a function. */
@Entity
public class AppClass {
    @Id
    private String id;

    private String workspaceId;
    private String appId;

    protected AppClass() {} // JPA

    AppClass(App app) {
        this.id = NewId.of("cs");
        this.workspaceId = app.workspaceId();
        this.appId = app.id();
    }

    public String id() {
        return id;
    }

    String appId() {
        return appId;
    }
}
