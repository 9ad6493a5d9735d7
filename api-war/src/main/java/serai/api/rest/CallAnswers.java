// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest;

import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import serai.api.rest.call.CallDetail;
import serai.api.rest.call.CallReports;
import serai.api.rest.call.Waiting;
import serai.server.ServerResources;
import serai.workspace.Tenant;

/** Answers with a call, at once or when it is over. Whoever waits holds a virtual thread and none of the listener's. */
@ApplicationScoped
public class CallAnswers {
    private final CallReports reports;

    @Resource(lookup = ServerResources.VIRTUAL)
    private ManagedExecutorService virtual;

    @Inject
    public CallAnswers(CallReports reports) {
        this.reports = reports;
    }

    public CallAnswers() {
        this(null); // for the server's proxy
    }

    /** A call that was begun: {@code 202} while it is not over. */
    void started(AsyncResponse answer, Tenant tenant, String callId, Waiting waiting) {
        send(answer, tenant, callId, waiting, true);
    }

    /** A call that is looked at: always {@code 200}. */
    void seen(AsyncResponse answer, Tenant tenant, String callId, Waiting waiting) {
        send(answer, tenant, callId, waiting, false);
    }

    private void send(AsyncResponse answer, Tenant tenant, String callId, Waiting waiting, boolean isNew) {
        var seen =
                reports.of(tenant, callId); // here: classes that are loaded first by virtual threads pin their carriers
        if (!waiting.isAny() || seen.state().isFinal()) {
            answer.resume(response(seen, waiting, isNew));
            return;
        }
        virtual.execute(() -> {
            try {
                answer.resume(response(reports.await(tenant, callId, waiting.limit()), waiting, isNew));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                answer.resume(
                        Response.status(Response.Status.SERVICE_UNAVAILABLE).build());
            } catch (RuntimeException e) {
                answer.resume(e);
            }
        });
    }

    private static Response response(CallDetail call, Waiting waiting, boolean isNew) {
        var status = isNew && !call.state().isFinal() ? Response.Status.ACCEPTED : Response.Status.OK;
        var response = Response.status(status).entity(call);
        if (isNew) {
            response.location(URI.create("calls/" + call.id()));
        }
        if (waiting.isAny()) {
            response.header("Preference-Applied", waiting.applied());
        }
        return response.build();
    }
}
