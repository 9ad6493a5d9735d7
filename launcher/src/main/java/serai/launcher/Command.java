// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** A command line that we run to its end or leave running. */
record Command(List<String> line, Map<String, String> environment, Path directory) {
    record Result(int exit, String output) {
        boolean ok() {
            return exit == 0;
        }
    }

    static Command of(String... line) {
        return new Command(List.of(line), Map.of(), null);
    }

    static Command of(List<String> line) {
        return new Command(List.copyOf(line), Map.of(), null);
    }

    Command plus(String... more) {
        var longer = new ArrayList<>(line);
        longer.addAll(List.of(more));
        return new Command(longer, environment, directory);
    }

    Command with(String name, String value) {
        var changed = new TreeMap<>(environment);
        changed.put(name, value);
        return new Command(line, changed, directory);
    }

    Command with(Map<String, String> values) {
        var changed = new TreeMap<>(environment);
        changed.putAll(values);
        return new Command(line, changed, directory);
    }

    Command in(Path where) {
        return new Command(line, environment, where);
    }

    /** @return its exit status and what it wrote on both streams; 127 if there is no such program, 124 if it took too long */
    Result run(long seconds) {
        return run(seconds, "");
    }

    Result run(long seconds, String input) {
        try {
            var process = builder().redirectErrorStream(true).start();
            try (var out = process.getOutputStream()) {
                out.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // it ended without reading: its exit status says why
            }
            var output = new StringBuilder();
            var reader = Thread.ofVirtual().start(() -> drain(process, output));
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                reader.join(1000);
                return new Result(124, output + "\ntook longer than " + seconds + " s: " + String.join(" ", line));
            }
            reader.join(5000);
            return new Result(process.exitValue(), output.toString());
        } catch (IOException e) {
            return new Result(127, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Failure.from(e, "interrupted");
        }
    }

    private static void drain(Process process, StringBuilder output) {
        try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (var text = reader.readLine(); text != null; text = reader.readLine()) {
                output.append(text).append('\n');
            }
        } catch (IOException e) {
            output.append(e.getMessage());
        }
    }

    /** Runs it with its output in a log. @throws Failure with the log's end if it fails */
    void runLogged(Path log, long seconds, String what) {
        var result = run(seconds);
        append(log, result.output());
        if (!result.ok()) {
            throw Failure.because(
                    "%s failed (exit %d):%n%s%nThe log is %s", what, result.exit(), Tail.of(result.output(), 15), log);
        }
    }

    private static void append(Path log, String text) {
        try {
            Files.writeString(
                    log, text, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw Failure.from(e, "%s cannot be written: %s", log, e.getMessage());
        }
    }

    /**
     * Leaves it running in a session of its own: a Ctrl-C at our terminal is not for it, and it outlives us.
     *
     * @param cleared whether it gets nothing of our environment but what is given here
     */
    ProcessId leave(Path log, boolean cleared) {
        var detached = new ArrayList<String>(List.of("setsid"));
        detached.addAll(line);
        var builder = new Command(detached, environment, directory).builder();
        if (cleared) {
            builder.environment()
                    .keySet()
                    .retainAll(List.of("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME"));
            builder.environment().putAll(environment);
        }
        try {
            var process = builder.redirectInput(Path.of("/dev/null").toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            return ProcessId.of(process.pid())
                    .orElseThrow(() -> Failure.because("%s ended at once:%n%s", line.getFirst(), Tail.of(log, 15)));
        } catch (IOException e) {
            throw Failure.from(e, "%s does not start: %s", line.getFirst(), e.getMessage());
        }
    }

    ProcessBuilder builder() {
        var builder = new ProcessBuilder(line);
        builder.environment().remove("JAVA_TOOL_OPTIONS"); // a debugger's or profiler's, meant for one JVM
        builder.environment().putAll(environment);
        if (directory != null) {
            builder.directory(directory.toFile());
        }
        return builder;
    }
}
