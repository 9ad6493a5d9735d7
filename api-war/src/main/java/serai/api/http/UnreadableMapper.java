// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import serai.problem.Problem;
import serai.problem.ProblemException;

/** A body that is no JSON, or another one than is asked for. */
@Provider
public class UnreadableMapper implements ExceptionMapper<ProcessingException> {
    @Context
    private UriInfo request;

    @Override
    public Response toResponse(ProcessingException e) {
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof ProblemException problem) { // the stream's limit, or a record's own check
                return ProblemBody.of(problem.problem(), problem.getMessage(), request)
                        .response()
                        .build();
            }
        }
        return ProblemBody.of(
                        Problem.INVALID_ARGUMENT, "the body is not the JSON that is described for this path", request)
                .response()
                .build();
    }
}
