// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.HashMap;
import serai.app.App;
import serai.app.Apps;
import serai.function.Definition;
import serai.function.Deployments;
import serai.function.Functions;
import serai.schedule.Schedules;
import serai.web.WebEndpoints;
import serai.workspace.Tenant;

/** The same code again: as each definition has containers of its own, a copy of all of them replaces all containers. */
@ApplicationScoped
public class Rollovers {
    private final Apps apps;
    private final Functions functions;
    private final Schedules schedules;
    private final WebEndpoints endpoints;
    private final Deployments deployments;

    @Inject
    public Rollovers(
            Apps apps, Functions functions, Schedules schedules, WebEndpoints endpoints, Deployments deployments) {
        this.apps = apps;
        this.functions = functions;
        this.schedules = schedules;
        this.endpoints = endpoints;
        this.deployments = deployments;
    }

    public Rollovers() {
        this(null, null, null, null, null); // for the server's proxy
    }

    /** @throws serai.problem.ProblemException {@link serai.problem.Problem#APP_STOPPED}, or that there is nothing to repeat */
    @Transactional
    public App rollOver(Tenant tenant, String appId, Instant now) {
        var app = apps.hold(tenant, appId);
        app.mustRun();
        var present = apps.version(app, app.version());
        var layout = apps.layout(app);
        var chosen = new HashMap<String, String>();
        for (var id : layout.functions().values()) {
            var function = functions.get(tenant, id);
            chosen.put(id, repeated(function).id());
        }
        var publication = new Apps.Publication(
                app.name(),
                null,
                present.tag(),
                present.clientVersion(),
                layout,
                new Apps.Origin(null, present.commitInfo()));
        return deployments.publish(tenant, appId, publication, chosen, now);
    }

    private Definition repeated(serai.function.Function function) {
        var former = functions.definition(function.definitionId());
        var again = functions.define(function, former.wire(), former.duties());
        schedules.repeat(former, again);
        endpoints.repeat(former, again);
        return again;
    }
}
