// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.ext.Provider;
import serai.peer.Drain;
import serai.problem.Problem;

/** A server that is going down takes no request any more: another one, or the next, answers it. */
@Provider
@PreMatching
@ApplicationScoped
public class OpenHours implements ContainerRequestFilter {
    private final Drain drain;

    @Inject
    public OpenHours(Drain drain) {
        this.drain = drain;
    }

    public OpenHours() {
        this(null); // for the server's proxy
    }

    @Override
    public void filter(ContainerRequestContext request) {
        if (drain.hasBegun()) {
            throw Problem.SERVER_STOPPING.because("this server is going down: ask again, or another one");
        }
    }
}
