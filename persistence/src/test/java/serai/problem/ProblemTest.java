// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.problem;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds docs/rest.md to the problems that there are. */
class ProblemTest {
    private static final Path PAGE = Path.of("..", "docs", "rest.md");
    private static final Pattern ROW = Pattern.compile("\\| (\\d{3}) \\| `([a-z-]+)` \\| `([A-Z_]+)` \\| (\\S.*) \\|");

    @Test
    void theHandbookNamesEveryProblemWithItsStatusCodeAndTitle() throws Exception {
        var problems = Arrays.stream(Problem.values())
                .map(problem -> new Row(typeOf(problem), problem.http, problem.kind.name(), problem.title));
        assertThat(documented()).containsExactlyInAnyOrderElementsOf(problems.toList());
    }

    private static String typeOf(Problem problem) {
        return problem.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Iterable<Row> documented() throws IOException {
        try (Stream<String> lines = Files.lines(PAGE)) {
            return lines.map(ROW::matcher)
                    .filter(row -> row.matches())
                    .map(row -> new Row(row.group(2), Integer.parseInt(row.group(1)), row.group(3), row.group(4)))
                    .toList();
        }
    }

    private record Row(String type, int status, String code, String title) {}
}
