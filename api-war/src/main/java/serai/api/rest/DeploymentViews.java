// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Map;
import serai.app.App;
import serai.app.Apps;
import serai.workspace.Tenant;

/** Versions as they are shown. */
@ApplicationScoped
public class DeploymentViews {
    private final Apps apps;
    private final Environments environments;

    @Inject
    public DeploymentViews(Apps apps, Environments environments) {
        this.apps = apps;
        this.environments = environments;
    }

    public DeploymentViews() {
        this(null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link serai.problem.Problem#VERSION_NOT_FOUND} */
    DeploymentView of(Tenant tenant, App app, int number) {
        var version = apps.version(app, number);
        var definitions = apps.definitions(app, number);
        var functions = apps.layout(app, number).functions().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> new DeploymentView.Deployed(
                        entry.getValue(), entry.getKey(), definitions.get(entry.getValue())))
                .toList();
        return new DeploymentView(
                app.id(),
                app.name(),
                environments.names(tenant).get(app.environmentId()),
                number,
                app.version() == number && app.state().runs(),
                version.tag(),
                version.clientVersion(),
                version.publishedAt(),
                functions);
    }
}
