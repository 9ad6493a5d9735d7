// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Objects;
import java.util.Optional;
import serai.app.App;
import serai.app.Apps;
import serai.problem.Problem;
import serai.workspace.Environment;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** An app in a path is its id, or the name that it is deployed under in an environment. */
@ApplicationScoped
public class AppRefs {
    private final Apps apps;
    private final Workspaces workspaces;

    @Inject
    public AppRefs(Apps apps, Workspaces workspaces) {
        this.apps = apps;
        this.workspaces = workspaces;
    }

    public AppRefs() {
        this(null, null); // for the server's proxy
    }

    /**
     * @param environment name; null for the standard one
     * @throws serai.problem.ProblemException {@link Problem#APP_NOT_FOUND}
     */
    App get(Tenant tenant, String ref, String environment) {
        if (apps.find(ref).isPresent()) {
            return apps.get(tenant, ref);
        }
        var where = environment(tenant, environment);
        return apps.deployed(where, ref)
                .or(() -> lastOf(where, ref))
                .orElseThrow(() ->
                        Problem.APP_NOT_FOUND.because("App '%s' not found in environment '%s'", ref, where.name()));
    }

    private Optional<App> lastOf(Environment environment, String name) {
        return apps.stoppedBefore(environment, name);
    }

    Environment environment(Tenant tenant, String name) {
        return workspaces.environment(tenant, Objects.requireNonNullElse(name, ""));
    }
}
