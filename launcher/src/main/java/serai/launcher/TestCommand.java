// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "test",
        mixinStandardHelpOptions = true,
        description = {
            "Run every test of the project, against a platform of its own: what you have running is not touched.",
            "The last line is: N passed, N failed"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:all passed", "1:a test failed, or a suite ran none"})
final class TestCommand implements Callable<Integer> {
    @Option(names = "--full", description = "What is long at its full figures, not as a seeded sample.")
    private boolean full;

    private final Home checkout = Home.of(Settings.ofProcess());
    private final Path work = checkout.built("target/test");
    private SuiteResult total = SuiteResult.NOTHING;
    private volatile Process running;
    private volatile boolean ending;

    @Override
    public Integer call() throws IOException {
        var python = Python.find(Settings.ofProcess());
        Files.createDirectories(work);
        try (var progress = Progress.onTerminal()) {
            var prerequisites = new Prerequisites(Settings.ofProcess());
            prerequisites.sandbox(progress); // the runner's tests start sandboxes, too
            prerequisites.chromium(progress);
            prerequisites.podman(progress);
        }
        for (var suite : withoutPlatform()) {
            run(suite, python, Map.of());
        }
        var platform = new TestPlatform(checkout.checkout(), work.resolve("logs"));
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> { // a signal leaves nothing running either
                            ending = true;
                            endRunning();
                            platform.close();
                        }));
        try {
            var environment = platform.up();
            for (var suite : onPlatform()) {
                run(suite, python, environment);
            }
        } catch (Failure e) {
            count("platform", SuiteResult.failure("it does not start: " + e.getMessage()), 0);
        } finally {
            platform.close();
        }
        total.reasons().forEach(System.out::println);
        System.out.printf("%d passed, %d failed%n", total.passed(), total.failed());
        return total.failed() == 0 ? 0 : 1;
    }

    private List<Suite> withoutPlatform() {
        return List.of(
                new Suite.Maven(
                        "java",
                        List.of(
                                "verify",
                                "-Dmaven.test.failure.ignore=true",
                                "-Dsurefire.rerunFailingTestsCount=1", // a race is told of as flaky, and stops nobody
                                "--fail-at-end")),
                new Suite.Pytest("runner", checkout.built("runner/src/test/python")));
    }

    private List<Suite> onPlatform() {
        return List.of(
                new Suite.Pytest("conformance", checkout.built("conformance")),
                new Suite.Maven(
                        "server-tests",
                        List.of(
                                "verify",
                                "-pl",
                                "server-tests",
                                "-am",
                                "-Dtest=ServerTest",
                                "-Dsurefire.failIfNoSpecifiedTests=false",
                                "-Dmaven.test.failure.ignore=true")));
    }

    private void run(Suite suite, Python python, Map<String, String> environment) throws IOException {
        if (ending) {
            return; // the suite that was ended is no reason to begin the next one
        }
        System.out.printf("== %s%n", suite.name());
        long since = System.nanoTime();
        var variables = new TreeMap<>(environment);
        if (full) {
            variables.put("SERAI_TEST_FULL", "1");
        }
        var result = switch (suite) {
            case Suite.Maven maven -> run(maven, python, variables);
            case Suite.Pytest pytest -> run(pytest, python, variables);
        };
        count(suite.name(), result, (System.nanoTime() - since) / 1e9);
    }

    private void count(String name, SuiteResult result, double seconds) {
        total = total.plus(result);
        System.out.printf(
                Locale.ROOT,
                "%s: %d passed, %d failed, %d skipped (%.0f s)%n",
                name,
                result.passed(),
                result.failed(),
                result.skipped(),
                seconds);
    }

    private SuiteResult run(Suite.Maven suite, Python python, Map<String, String> environment) throws IOException {
        for (var old : surefireReports()) {
            Files.delete(old);
        }
        var line = new ArrayList<>(List.of("./mvnw", "-B", "-Dpython=" + python.program()));
        line.addAll(suite.arguments());
        var log = work.resolve(suite.name() + ".log");
        int exit = execute(serai.launcher.Command.of(line).with(environment), log);
        var result = SuiteResult.NOTHING;
        for (var report : surefireReports()) {
            result = result.plus(SuiteResult.read(report));
        }
        return result.judged(exit, log.toString());
    }

    private List<Path> surefireReports() throws IOException {
        try (var files = Files.find(
                checkout.checkout(),
                4,
                (file, attributes) -> file.getParent().endsWith("target/surefire-reports")
                        && file.getFileName().toString().matches("TEST-.*\\.xml"))) {
            return files.toList();
        }
    }

    private SuiteResult run(Suite.Pytest suite, Python python, Map<String, String> environment) throws IOException {
        var log = work.resolve(suite.name() + ".log");
        if (!Files.isDirectory(suite.folder())) {
            return SuiteResult.failure(suite.name() + ": there is no folder " + suite.folder());
        }
        var report = work.resolve(suite.name() + ".xml");
        Files.deleteIfExists(report);
        var line = List.of(
                tools(python).toString(),
                "-m",
                "pytest",
                "-q",
                "-raR",
                "--reruns",
                "1", // as for the tests in Java: a race is told of as flaky, and stops nobody
                "-p",
                "no:cacheprovider",
                "--junitxml",
                report.toString(),
                suite.folder().toString());
        int exit = execute(serai.launcher.Command.of(line).with(environment).with("PYTHONDONTWRITEBYTECODE", "1"), log);
        var result = Files.exists(report) ? SuiteResult.read(report) : SuiteResult.NOTHING;
        return result.judged(exit, log.toString());
    }

    /** @return an interpreter with pytest and the client; made once for each set of versions */
    private Path tools(Python python) throws IOException {
        var venv = work.resolve("venv");
        var requirements = checkout.built("conformance/requirements.txt");
        var packages = new String[] {"modal==" + Versions.MODAL, "--requirement", requirements.toString()};
        var wanted = python.program() + " " + String.join(" ", packages) + "\n" + Files.readString(requirements);
        var mark = venv.resolve("serai-ready");
        if (!Files.exists(mark) || !Files.readString(mark).equals(wanted)) {
            Files.createDirectories(checkout.create().logs());
            new ClientEnvironment(checkout, python).make(venv, packages);
            AtomicFile.write(mark, wanted);
        }
        return venv.resolve("bin/python");
    }

    private void endRunning() {
        if (running != null && running.isAlive()) {
            running.descendants().forEach(ProcessHandle::destroy);
            running.destroy();
        }
    }

    /** @return the exit status; the end of its log is shown when that is not 0 */
    private int execute(serai.launcher.Command command, Path log) throws IOException {
        var process = command.in(checkout.checkout())
                .builder()
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        running = process;
        try {
            int exit = process.waitFor();
            if (exit != 0) {
                System.out.println(Tail.of(log, 30));
            }
            return exit;
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw Failure.from(e, "interrupted");
        }
    }
}
