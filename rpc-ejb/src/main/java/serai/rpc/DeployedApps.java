// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import serai.app.Apps;
import serai.app.Layout;
import serai.problem.Problem;
import serai.workspace.Tenant;
import serai.workspace.Workspaces;

/** Apps that are looked up by name, for what they hold. */
@ApplicationScoped
class DeployedApps {
    private final Apps apps;
    private final Workspaces workspaces;

    @Inject
    DeployedApps(Apps apps, Workspaces workspaces) {
        this.apps = apps;
        this.workspaces = workspaces;
    }

    DeployedApps() {
        this(null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link Problem#APP_NOT_FOUND}, {@link Problem#ENVIRONMENT_NOT_FOUND} */
    Layout layout(Tenant tenant, String environmentName, String appName) {
        var environment = workspaces.environment(tenant, environmentName);
        var app = apps.deployed(environment, appName)
                .orElseThrow(() -> Problem.APP_NOT_FOUND.because(
                        "App '%s' not found in environment '%s'", appName, environment.name()));
        return apps.layout(app);
    }
}
