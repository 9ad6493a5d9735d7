// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.InstantSource;
import modal.client.AppRollbackRequest;
import modal.client.AppRollbackResponse;
import modal.client.AppRolloverRequest;
import modal.client.AppRolloverResponse;
import modal.client.ModalClientGrpc;
import serai.activate.Publisher;
import serai.app.App;
import serai.app.Apps;
import serai.definition.Rollovers;
import serai.function.Deployments;
import serai.problem.Problem;

/** Versions of a deployed app that repeat others: an older one, or the present one with new containers. */
@ApplicationScoped
class AppVersionRpcs implements RpcFeature {
    private final Apps apps;
    private final Deployments deployments;
    private final Rollovers rollovers;
    private final Publisher publisher;
    private final AppPages pages;
    private final Once once;
    private final InstantSource clock = InstantSource.system();

    @Inject
    AppVersionRpcs(
            Apps apps, Deployments deployments, Rollovers rollovers, Publisher publisher, AppPages pages, Once once) {
        this.apps = apps;
        this.deployments = deployments;
        this.rollovers = rollovers;
        this.publisher = publisher;
        this.pages = pages;
        this.once = once;
    }

    AppVersionRpcs() {
        this(null, null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void register(Methods methods) {
        methods.unary(ModalClientGrpc.getAppRollbackMethod(), this::rollBack)
                .unary(ModalClientGrpc.getAppRolloverMethod(), this::rollOver);
    }

    private AppRollbackResponse rollBack(Caller caller, AppRollbackRequest request) {
        var now = clock.instant();
        var app = deployed(caller, request.getAppId());
        int version = versionOf(app, request.getVersion());
        var method = ModalClientGrpc.getAppRollbackMethod();
        var response = once.answer(method, AppRollbackResponse.parser(), caller, () -> {
            deployments.rollBack(caller.tenant(), app.id(), version, now);
            return AppRollbackResponse.newBuilder()
                    .setUrl(pages.of(app.id()))
                    .setDeployedAt(AppRpcs.seconds(now))
                    .build();
        });
        publisher.published(apps.get(caller.tenant(), app.id()));
        return response;
    }

    /** @param asked a version's number, or how many to go back, as a negative number */
    private static int versionOf(App app, int asked) {
        if (asked > 0) {
            return asked;
        }
        if (asked == 0) {
            throw Problem.INVALID_ARGUMENT.because("version 0: a version's number is needed, or how many to go back");
        }
        if (app.version() + (long) asked < 1) {
            throw Problem.VERSION_NOT_FOUND.because(
                    "app '%s' has %d versions: it cannot go back by %d", app.name(), app.version(), -(long) asked);
        }
        return app.version() + asked;
    }

    private AppRolloverResponse rollOver(Caller caller, AppRolloverRequest request) {
        var now = clock.instant();
        var app = deployed(caller, request.getAppId());
        var method = ModalClientGrpc.getAppRolloverMethod();
        var response = once.answer(method, AppRolloverResponse.parser(), caller, () -> {
            rollovers.rollOver(caller.tenant(), app.id(), now);
            return AppRolloverResponse.newBuilder()
                    .setUrl(pages.of(app.id()))
                    .setDeployedAt(AppRpcs.seconds(now))
                    .build();
        });
        publisher.published(apps.get(caller.tenant(), app.id()));
        return response;
    }

    private App deployed(Caller caller, String id) {
        var app = apps.get(caller.tenant(), id);
        app.mustRun();
        if (app.state() != App.State.DEPLOYED) {
            throw Problem.APP_NOT_DEPLOYED.because("App '%s' is not deployed", id);
        }
        return app;
    }
}
