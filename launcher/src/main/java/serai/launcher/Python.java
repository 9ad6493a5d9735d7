// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.util.Optional;
import java.util.stream.Stream;

/** An interpreter, by the path that it gives itself: a shim on the PATH may mean another one in another folder. */
record Python(String program, String version) {
    /** @return {@code 3.11} of {@code 3.11.7} */
    String minor() {
        return version.replaceFirst("^(\\d+\\.\\d+).*$", "$1");
    }

    static Python find(Settings settings) {
        return search(settings)
                .orElseThrow(() -> Failure.because(
                        "Python 3.10 or newer is needed. Install it (%s), or name one by SERAI_PYTHON",
                        SystemPackages.find(settings)
                                .map(SystemPackages::python)
                                .orElse("package python3 with venv")));
    }

    static Optional<Python> search(Settings settings) {
        return Stream.concat(
                        settings.text("SERAI_PYTHON").stream(),
                        Stream.of("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"))
                .map(Python::ask)
                .flatMap(Optional::stream)
                .filter(python -> isNewEnough(python.version()))
                .findFirst();
    }

    private static Optional<Python> ask(String program) {
        var answer = Command.of(
                        program, "-c", "import sys,platform; print(sys.executable); print(platform.python_version())")
                .run(20);
        var lines = answer.output().lines().toList();
        return answer.ok() && lines.size() >= 2
                ? Optional.of(new Python(lines.get(0), lines.get(1)))
                : Optional.empty();
    }

    static boolean isNewEnough(String version) {
        var parts = version.split("\\.");
        int major = Integer.parseInt(parts[0]);
        int minor = parts.length > 1 ? Integer.parseInt(parts[1].replaceAll("\\D.*", "")) : 0;
        return major > 3 || (major == 3 && minor >= 10);
    }
}
