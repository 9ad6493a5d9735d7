// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/**
 * What a suite's reports say; both Surefire and pytest write the JUnit form.
 *
 * @param reasons what failed, or passed at its second try only, one line each
 */
record SuiteResult(int passed, int failed, int skipped, List<String> reasons) {
    static final SuiteResult NOTHING = new SuiteResult(0, 0, 0, List.of());

    static SuiteResult failure(String reason) {
        return new SuiteResult(0, 1, 0, List.of("FAILED " + reason));
    }

    SuiteResult plus(SuiteResult other) {
        var both = new ArrayList<>(reasons);
        both.addAll(other.reasons);
        return new SuiteResult(passed + other.passed, failed + other.failed, skipped + other.skipped, both);
    }

    /** A run that ended badly without a failed test, or that ran no test, has failed all the same. */
    SuiteResult judged(int exit, String log) {
        if (exit != 0 && failed == 0) {
            return plus(failure("ended with exit status " + exit + ": see " + log));
        }
        return passed + failed == 0 ? plus(failure("no test ran: see " + log)) : this;
    }

    static SuiteResult read(Path report) {
        try {
            var factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            var cases = factory.newDocumentBuilder()
                    .parse(Files.newInputStream(report))
                    .getElementsByTagName("testcase");
            var result = NOTHING;
            for (int i = 0; i < cases.getLength(); i++) {
                var test = (Element) cases.item(i);
                if (!isSame(test, test.getNextSibling())) {
                    result = result.plus(of(test));
                }
            }
            return result;
        } catch (ParserConfigurationException | SAXException | IOException e) {
            return failure("the report " + report + " is not readable: " + e.getMessage());
        }
    }

    /** Whether pytest tried one test twice: each try is a case of its own then, one after the other, and only the last one counts. */
    private static boolean isSame(Element test, Node neighbour) {
        return neighbour instanceof Element other
                && ((Element) test.getParentNode()).getAttribute("name").equals("pytest")
                && name(other).equals(name(test));
    }

    private static String name(Element test) {
        return test.getAttribute("classname") + "." + test.getAttribute("name");
    }

    private static SuiteResult of(Element test) {
        var name = name(test);
        if (has(test, "failure") || has(test, "error")) {
            return failure(name);
        }
        if (has(test, "flakyFailure") || has(test, "flakyError") || isSame(test, test.getPreviousSibling())) {
            return new SuiteResult(1, 0, 0, List.of("FLAKY " + name + ": it passed at its second try"));
        }
        return has(test, "skipped") ? new SuiteResult(0, 0, 1, List.of()) : new SuiteResult(1, 0, 0, List.of());
    }

    private static boolean has(Element test, String outcome) {
        return test.getElementsByTagName(outcome).getLength() > 0;
    }
}
