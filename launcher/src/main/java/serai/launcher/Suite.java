// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.nio.file.Path;
import java.util.List;

/** One kind of tests of the project. To add one, add a line where {@link TestCommand} lists them. */
sealed interface Suite {
    String name();

    /** Tests that a Maven build runs: its reports are those of Surefire below each module. */
    record Maven(String name, List<String> arguments) implements Suite {}

    /** A folder of tests in Python. */
    record Pytest(String name, Path folder) implements Suite {}
}
