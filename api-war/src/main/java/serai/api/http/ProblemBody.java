// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.json.Json;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.Locale;
import serai.problem.Problem;

/**
 * A failure as RFC 9457 tells it.
 *
 * @param type a name that clients may depend on
 * @param instance the request's path; not its query, which may carry a signature
 */
public record ProblemBody(String type, String title, int status, String detail, String instance) {
    public static final String MEDIA_TYPE = "application/problem+json";

    /** What is away comes back, or another server answers. */
    private static final int RETRY_AFTER_SECONDS = 2;

    private static final String TYPES = "urn:serai:problem:";

    static ProblemBody of(Problem problem, String detail, UriInfo request) {
        return new ProblemBody(typeOf(problem.name()), problem.title, problem.http, detail, path(request));
    }

    /** For what HTTP itself has a name for. */
    static ProblemBody of(Response.StatusType status, String detail, UriInfo request) {
        return of(status, detail, path(request));
    }

    static ProblemBody of(Response.StatusType status, String detail, String instance) {
        var title = status.getReasonPhrase();
        return new ProblemBody(typeOf(title), title, status.getStatusCode(), detail, instance);
    }

    private static String typeOf(String name) {
        return TYPES + name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    }

    private static String path(UriInfo request) {
        return request.getRequestUri().getRawPath();
    }

    /** Written here and not by a provider, so that it also works where no resource was found. */
    String json() {
        return Json.createObjectBuilder()
                .add("type", type)
                .add("title", title)
                .add("status", status)
                .add("detail", detail)
                .add("instance", instance)
                .build()
                .toString();
    }

    Response.ResponseBuilder response() {
        var response =
                Response.status(status).type(MediaType.valueOf(MEDIA_TYPE)).entity(json());
        if (status == Response.Status.UNAUTHORIZED.getStatusCode()) {
            response.header(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        }
        if (status == Response.Status.SERVICE_UNAVAILABLE.getStatusCode()) {
            response.header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        return response;
    }
}
