// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.app;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import serai.model.Entities;
import serai.model.Steps;

/** {@link Apps} in memory, as far as the scheduler asks for them. */
public final class ModelApps extends Apps {
    private final Map<String, App> rows = new TreeMap<>();
    private final Steps steps;

    public ModelApps(Steps steps) {
        this.steps = steps;
    }

    public App add(String id, App.State state) {
        var app = Entities.with(new App(), "id", id);
        Entities.with(app, "workspaceId", "ws-1");
        Entities.with(app, "environmentId", "en-1");
        Entities.with(app, "description", "an app");
        Entities.with(app, "state", state);
        rows.put(id, app);
        return app;
    }

    @Override
    public Optional<App> find(String id) {
        return steps.of(() -> Optional.ofNullable(rows.get(id)).map(Entities::detached));
    }

    /** Steps come one after the other: nobody is beside. */
    @Override
    public Optional<App> hold(String id) {
        return find(id);
    }

    @Override
    public List<App> heartbeating() {
        return List.of(); // the simulated client is a deployed app's
    }
}
