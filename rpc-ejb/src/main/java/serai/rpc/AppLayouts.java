// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.HashMap;
import modal.client.AppLayout;
import modal.client.FunctionHandleMetadata;
import modal.client.ObjectDependency;
import serai.app.App;
import serai.app.Apps;
import serai.definition.Handles;
import serai.function.Functions;
import serai.protocol.Messages;

/** What an app holds, as the client wants to see it. */
@ApplicationScoped
class AppLayouts {
    private final Apps apps;
    private final Functions functions;

    @Inject
    AppLayouts(Apps apps, Functions functions) {
        this.apps = apps;
        this.functions = functions;
    }

    AppLayouts() {
        this(null, null); // for the server's proxy
    }

    AppLayout of(App app) {
        var layout = apps.layout(app);
        var handles = new HashMap<String, FunctionHandleMetadata>();
        var dependencies = new ArrayList<ObjectDependency>();
        for (var function : functions.of(app.id())) {
            if (function.definitionId() == null) {
                continue;
            }
            var definition = functions.definition(function.definitionId());
            handles.put(function.id(), Handles.of(definition));
            dependencies.addAll(
                    Messages.parseFunction(definition.wire().content()).getObjectDependenciesList());
        }
        return Messages.layout(layout.functions(), layout.classes(), handles, dependencies);
    }
}
