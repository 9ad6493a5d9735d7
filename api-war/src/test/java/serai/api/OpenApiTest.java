// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import serai.api.rest.RestEndpoints;

/** The description and the resources are written apart; an operation of one that the other lacks fails here. */
class OpenApiTest {
    private static final Pattern PATH = Pattern.compile(" {2}/(\\S+):");
    private static final Pattern METHOD = Pattern.compile(" {4}(get|post|put|delete|patch):");

    @Test
    void everyOperationIsDescribedAndEveryDescribedOneIsThere() throws IOException {
        var offered = EndpointsTest.access(new RestEndpoints()).stream()
                .map(line -> line.substring(0, line.lastIndexOf(' ')))
                .filter(line -> !line.equals("GET openapi.yaml"))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(described()).isEqualTo(offered);
    }

    private static TreeSet<String> described() throws IOException {
        var operations = new TreeSet<String>();
        try (var file = OpenApiTest.class.getClassLoader().getResourceAsStream("META-INF/openapi.yaml")) {
            var text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
            var paths = text.substring(text.indexOf("\npaths:\n"), text.indexOf("\ncomponents:\n"));
            String path = null;
            for (var line : paths.split("\n", -1)) {
                var heading = PATH.matcher(line);
                if (heading.matches()) {
                    path = heading.group(1);
                }
                var method = METHOD.matcher(line);
                if (method.matches()) {
                    operations.add(method.group(1).toUpperCase(java.util.Locale.ROOT) + " " + path);
                }
            }
        }
        return operations;
    }
}
