// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.stream.Collectors;
import serai.workspace.Environment;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** The names by which people know environments. */
@ApplicationScoped
public class Environments {
    private final Workspaces workspaces;

    @Inject
    public Environments(Workspaces workspaces) {
        this.workspaces = workspaces;
    }

    public Environments() {
        this(null); // for the server's proxy
    }

    /** @return id → name */
    Map<String, String> names(Tenant tenant) {
        return workspaces.environments(tenant).stream().collect(Collectors.toMap(Environment::id, Environment::name));
    }
}
