// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuiteResultTest {
    @TempDir
    Path folder;

    private SuiteResult read(String suite, String cases) throws IOException {
        var report = folder.resolve("report.xml");
        Files.writeString(
                report, "<testsuites><testsuite name=\"%s\">%s</testsuite></testsuites>".formatted(suite, cases));
        return SuiteResult.read(report);
    }

    private static String test(String name, String outcome) {
        return "<testcase classname=\"c\" name=\"%s\">%s</testcase>".formatted(name, outcome);
    }

    @Test
    void givenATestThatPytestRepeats_whenItPassesThen_thenItIsOneThatPassedAndIsCalledFlaky() throws IOException {
        var result = read("pytest", test("a", "") + test("b", "") + test("b", "") + test("c", "<skipped/>"));

        assertThat(result.passed()).isEqualTo(2);
        assertThat(result.skipped()).isEqualTo(1);
        assertThat(result.failed()).isZero();
        assertThat(result.reasons()).containsExactly("FLAKY c.b: it passed at its second try");
    }

    @Test
    void givenATestThatPytestRepeats_whenItFailsAgain_thenItFailedOnce() throws IOException {
        var result = read("pytest", test("a", "") + test("a", "<failure/>"));

        assertThat(result.failed()).isEqualTo(1);
        assertThat(result.passed()).isZero();
    }

    @Test
    void givenTestsOfOneNameFromAnotherTool_thenEachCounts() throws IOException {
        var result = read("serai.SomeTest", test("a", "") + test("a", ""));

        assertThat(result.passed()).isEqualTo(2);
        assertThat(result.reasons()).isEmpty();
    }
}
