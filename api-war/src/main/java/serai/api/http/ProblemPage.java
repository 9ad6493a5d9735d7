// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.http;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** What stands in the place of the server's HTML page where a request fails outside of every endpoint. */
@WebServlet("/problem")
public class ProblemPage extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        int code = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer status ? status : 404;
        var path = Objects.requireNonNullElse(
                request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI), request.getRequestURI());
        var status =
                Objects.requireNonNullElse(Response.Status.fromStatusCode(code), Response.Status.INTERNAL_SERVER_ERROR);
        var detail = status == Response.Status.NOT_FOUND ? "nothing is at " + path : status.getReasonPhrase();
        var body = ProblemBody.of(status, detail, path.toString()).json().getBytes(StandardCharsets.UTF_8);
        response.setStatus(status.getStatusCode());
        response.setContentType(ProblemBody.MEDIA_TYPE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
