// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import jakarta.ejb.EJBException;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.util.UUID;
import serai.database.Outage;
import serai.problem.ProblemException;

/** The database is away; everything else is a defect of ours: logged once, here; the caller learns only where to find it in the log. */
@Provider
public class DefectMapper implements ExceptionMapper<Throwable> {
    private static final System.Logger LOG = System.getLogger(DefectMapper.class.getName());

    @Context
    private UriInfo request;

    @Override
    public Response toResponse(Throwable e) {
        if (e instanceof EJBException wrapped && wrapped.getCause() instanceof ProblemException problem) {
            return ProblemBody.of(problem.problem(), problem.getMessage(), request)
                    .response()
                    .build();
        }
        var outage = Outage.behind(e);
        if (outage.isPresent()) {
            LOG.log(WARNING, "{0}: {1}", request.getPath(), outage.get().getMessage());
            return ProblemBody.of(outage.get().problem(), outage.get().getMessage(), request)
                    .response()
                    .build();
        }
        var number = UUID.randomUUID();
        LOG.log(ERROR, () -> "defect %s at %s".formatted(number, request.getPath()), e);
        return ProblemBody.of(
                        Response.Status.INTERNAL_SERVER_ERROR,
                        "the server failed at this request; its log has more under %s".formatted(number),
                        request)
                .response()
                .build();
    }
}
