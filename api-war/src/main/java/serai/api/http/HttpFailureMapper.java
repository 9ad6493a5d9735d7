// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;

/** What the container says before our code runs: no such path, no such method, another type of content. */
@Provider
public class HttpFailureMapper implements ExceptionMapper<WebApplicationException> {
    @Context
    private UriInfo uri;

    @Context
    private Request request;

    @Context
    private HttpHeaders headers;

    @Override
    public Response toResponse(WebApplicationException e) {
        var answer = e.getResponse();
        if (answer.getStatus() < 400) {
            return answer;
        }
        var response =
                ProblemBody.of(answer.getStatusInfo(), detail(answer), uri).response();
        var allowed = answer.getHeaderString(HttpHeaders.ALLOW);
        if (allowed != null) {
            response.header(HttpHeaders.ALLOW, allowed);
        }
        return response.build();
    }

    /** Never the exception's own message: it may name our classes. */
    private String detail(Response answer) {
        var path = uri.getRequestUri().getRawPath();
        return switch (answer.getStatusInfo().toEnum()) {
            case NOT_FOUND -> "nothing is at %s".formatted(path);
            case METHOD_NOT_ALLOWED ->
                "%s is not for %s; allowed: %s"
                        .formatted(path, request.getMethod(), answer.getHeaderString(HttpHeaders.ALLOW));
            case UNSUPPORTED_MEDIA_TYPE -> "%s does not take this Content-Type".formatted(path);
            case NOT_ACCEPTABLE -> "%s has no representation that the Accept header allows".formatted(path);
            case BAD_REQUEST ->
                isMultipart()
                        ? "the body is not the multipart/form-data, with its boundary, that Content-Type announces"
                        : "the request cannot be read";
            case null, default -> answer.getStatusInfo().getReasonPhrase();
        };
    }

    private boolean isMultipart() {
        return headers.getMediaType() != null
                && headers.getMediaType().getType().equals("multipart");
    }
}
