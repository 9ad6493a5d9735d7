// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import modal.client.AppLifecycle;
import modal.client.AppState;
import serai.app.App;

/** What state an app is in, in the client's words. */
final class AppStates {
    private AppStates() {}

    static AppState wire(App.State state) {
        return AppState.valueOf("APP_STATE_" + state.name());
    }

    static AppLifecycle lifecycle(Caller caller, App app) {
        var by = caller.tenant().workspaceName();
        var lifecycle = AppLifecycle.newBuilder()
                .setAppState(wire(app.state()))
                .setCreatedAt(AppRpcs.seconds(app.createdAt()))
                .setCreatedBy(by)
                .setVersion(app.version());
        if (app.deployedAt() != null) {
            lifecycle.setDeployedAt(AppRpcs.seconds(app.deployedAt())).setDeployedBy(by);
        }
        if (app.stoppedAt() != null) {
            lifecycle.setStoppedAt(AppRpcs.seconds(app.stoppedAt())).setStoppedBy(by);
        }
        return lifecycle.build();
    }
}
