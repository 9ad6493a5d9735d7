// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.DynamicFeature;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.FeatureContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.ext.Provider;
import serai.problem.Problem;

/**
 * Puts {@link Access} in front of every resource method. Ours and not the server's {@code @RolesAllowed}, which Payara
 * 7.2025.1 does not enforce when an application is loaded for the first time in a server's life.
 */
@Provider
@ApplicationScoped
public class AccessFeature implements DynamicFeature {
    private final Gate gate;

    @Inject
    public AccessFeature(Gate gate) {
        this.gate = gate;
    }

    public AccessFeature() {
        this(null); // for the server's proxy
    }

    @Override
    public void configure(ResourceInfo resource, FeatureContext context) {
        context.register(filter(resource), Priorities.AUTHENTICATION);
    }

    private ContainerRequestFilter filter(ResourceInfo resource) {
        var access = access(resource);
        var asked = gate; // the lambda outlives this call
        if (access == null) {
            return request -> {
                throw Problem.PERMISSION_DENIED.because(
                        "%s is closed", request.getUriInfo().getPath());
            };
        }
        return request -> asked.admit(access.value(), request.getHeaderString(HttpHeaders.AUTHORIZATION));
    }

    static Access access(ResourceInfo resource) {
        var method = resource.getResourceMethod().getAnnotation(Access.class);
        return method != null ? method : resource.getResourceClass().getAnnotation(Access.class);
    }
}
