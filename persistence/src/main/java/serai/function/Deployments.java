// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import serai.app.App;
import serai.app.Apps;
import serai.app.Layout;
import serai.problem.Problem;
import serai.workspace.Environment;
import serai.workspace.Tenant;

/** Publishing: the moment from which an app's functions run by their new definitions. */
@ApplicationScoped
public class Deployments {
    private final Apps apps;
    private final Functions functions;
    private final Variants variants;

    @Inject
    public Deployments(Apps apps, Functions functions, Variants variants) {
        this.apps = apps;
        this.functions = functions;
        this.variants = variants;
    }

    public Deployments() {
        this(null, null, null); // for the server's proxy
    }

    /**
     * Makes the layout the app's current one, and each function's named definition its current one. Its variants follow.
     *
     * @param definitions function id → definition id; a function that is not named takes its newest
     * @throws serai.problem.ProblemException {@link Problem#FUNCTION_NOT_FOUND} for a function of another app, {@link
     *     Problem#FUNCTION_NOT_DEFINED} for one without a definition, {@link Problem#ENVIRONMENT_NOT_FOUND} if it was deleted
     */
    @Transactional
    public App publish(
            Tenant tenant, String appId, Apps.Publication publication, Map<String, String> definitions, Instant now) {
        apps.hold(tenant, appId, publication); // before its functions are read: a publication beside this one counts
        var chosen = new HashMap<String, String>();
        for (var id : publication.layout().functions().values()) {
            var function = functions.get(tenant, id);
            if (!function.appId().equals(appId) || function.baseId().isPresent()) {
                throw Problem.FUNCTION_NOT_FOUND.because("Function '%s' is not part of app '%s'", id, appId);
            }
            var definition = functions.newest(function, definitions.get(id));
            function.run(definition);
            variants.follow(function, definition);
            chosen.put(id, definition.id());
        }
        return apps.publish(tenant, appId, publication, chosen, now);
    }

    /**
     * The deployed app of that name; one that is made here has no functions, and is deployed for what is started in it.
     *
     * @throws serai.problem.ProblemException {@link Problem#INVALID_ARGUMENT} for an empty name
     */
    @Transactional
    public App deployedOrEmpty(Tenant tenant, Environment environment, String name, String clientVersion, Instant now) {
        if (name.isEmpty()) {
            throw Problem.INVALID_ARGUMENT.because("app_name is empty");
        }
        var app = apps.deployable(environment, name, now);
        return app.state() == App.State.DEPLOYED
                ? app
                : publish(
                        tenant,
                        app.id(),
                        new Apps.Publication(name, App.State.DEPLOYED, "", clientVersion, Layout.EMPTY),
                        Map.of(),
                        now);
    }

    /**
     * Publishes what an earlier version was, under a new number: its functions run by the definitions that they had then.
     *
     * @throws serai.problem.ProblemException {@link Problem#VERSION_NOT_FOUND}, {@link Problem#APP_STOPPED}
     */
    @Transactional
    public App rollBack(Tenant tenant, String appId, int version, Instant now) {
        var app = apps.hold(tenant, appId);
        app.mustRun();
        var former = apps.version(app, version);
        var publication = new Apps.Publication(
                app.name(),
                null,
                former.tag(),
                former.clientVersion(),
                apps.layout(app, version),
                new Apps.Origin(version, former.commitInfo()));
        return publish(tenant, appId, publication, apps.definitions(app, version), now);
    }
}
