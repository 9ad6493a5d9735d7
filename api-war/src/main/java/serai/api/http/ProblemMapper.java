// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import serai.problem.ProblemException;

/** What our own code says. */
@Provider
public class ProblemMapper implements ExceptionMapper<ProblemException> {
    @Context
    private UriInfo request;

    @Override
    public Response toResponse(ProblemException e) {
        return ProblemBody.of(e.problem(), e.getMessage(), request).response().build();
    }
}
