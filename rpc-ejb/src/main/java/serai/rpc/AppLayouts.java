// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import modal.client.AppLayout;
import serai.app.App;
import serai.app.Apps;
import serai.function.Definition;
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
        var definitions = functions.definitions(app.id()).stream()
                .map(AppLayouts::defined)
                .toList();
        return Messages.layout(layout.functions(), layout.classes(), definitions);
    }

    private static Messages.Defined defined(Definition definition) {
        var wire = definition.wire();
        return new Messages.Defined(definition.functionId(), definition.id(), wire.content(), wire.handle());
    }
}
