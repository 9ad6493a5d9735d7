// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api.rest.deployment;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import serai.api.rest.json.Fields;
import serai.api.rest.json.Json;

/**
 * One publication of an app, checked as far as that is possible without the database.
 *
 * @param clientVersion of the package that containers run; empty for the server's own
 * @param pythonVersion major.minor; empty for that of the nodes
 */
public record DeploymentRequest(
        String tag,
        Optional<String> clientVersion,
        Optional<String> pythonVersion,
        Sources sources,
        List<FunctionRequest> functions) {

    private static final int MAX_FUNCTIONS = 100;
    private static final int MAX_TAG = 128;
    private static final Pattern CLIENT = Pattern.compile("\\d+\\.\\d+\\.\\d+(?:[a-z0-9.]+)?");
    private static final Pattern PYTHON = Pattern.compile("3\\.\\d{1,2}");

    /** @throws serai.problem.ProblemException for whatever is not as described, by its field */
    public static DeploymentRequest read(byte[] body) {
        var fields = Json.read(body);
        return read(fields, Sources.read(fields));
    }

    /** With sources that came beside the description. */
    public static DeploymentRequest read(byte[] body, Sources sources) {
        return read(Json.read(body), sources);
    }

    private static DeploymentRequest read(Fields fields, Sources sources) {
        var request = new DeploymentRequest(
                fields.text("tag", MAX_TAG).orElse(""),
                fields.text("client_version", 32, CLIENT, "a version such as 1.6.4"),
                fields.text("python_version", 8, PYTHON, "a version such as 3.12"),
                sources,
                fields.objects("functions", MAX_FUNCTIONS, FunctionRequest::read));
        fields.end();
        request.check(fields);
        return request;
    }

    private void check(Fields fields) {
        if (functions.isEmpty()) {
            throw fields.missing("functions");
        }
        var names = new HashSet<String>();
        for (int i = 0; i < functions.size(); i++) {
            var function = functions.get(i);
            if (!names.add(function.name())) {
                throw fields.refused("functions[%d].name".formatted(i), "\"%s\" is there twice", function.name());
            }
            function.handler().mustBeIn(sources, fields.at("functions[%d].handler".formatted(i)));
        }
    }
}
