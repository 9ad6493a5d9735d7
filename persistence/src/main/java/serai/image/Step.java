// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import java.util.List;
import java.util.Map;

/**
 * One thing that a build does. Variables are filled in already, but for those that a shell sees to.
 *
 * @param line as its author wrote it
 * @param kind what is done
 * @param command of {@code RUN}: the program and its arguments; of {@code SHELL}: what reads the commands of layers above
 * @param environment of {@code RUN}, without the platform's own
 * @param directory where it runs, or from where a relative target counts; made if it is not there
 * @param user who runs it, or whom the copied files belong to: names or numbers, {@code user[:group]}
 * @param sources of {@code COPY}: absolute paths or patterns in the context; {@code uv} for the platform's own uv; of {@code PYTHON}: its version
 * @param target of {@code COPY}; with a slash at its end it is a directory
 */
record Step(
        String line,
        Kind kind,
        List<String> command,
        Map<String, String> environment,
        String directory,
        String user,
        List<String> sources,
        String target) {

    /** {@code SHELL} does nothing by itself, {@code UV} puts the platform's uv where the client expects one, {@code PYTHON} a Python of the nodes at {@code /usr/local}. */
    enum Kind {
        RUN,
        COPY,
        DIRECTORY,
        SHELL,
        UV,
        PYTHON
    }

    static Step run(String line, List<String> command, Map<String, String> environment, String directory, String user) {
        return new Step(line, Kind.RUN, List.copyOf(command), Map.copyOf(environment), directory, user, List.of(), "");
    }

    static Step copy(String line, List<String> sources, String target, String directory, String user) {
        return new Step(line, Kind.COPY, List.of(), Map.of(), directory, user, List.copyOf(sources), target);
    }

    static Step directory(String line, String path, String user) {
        return new Step(line, Kind.DIRECTORY, List.of(), Map.of(), path, user, List.of(), "");
    }

    static Step shell(String line, List<String> words) {
        return new Step(line, Kind.SHELL, List.copyOf(words), Map.of(), "/", "", List.of(), "");
    }

    static Step uv(String line, String target) {
        return new Step(line, Kind.UV, List.of(), Map.of(), "/", "", List.of(), target);
    }

    /** @param version major.minor */
    static Step python(String line, String version) {
        return new Step(line, Kind.PYTHON, List.of(), Map.of(), "/", "", List.of(version), "/usr/local");
    }

    /** As builders read it. */
    JsonObject toJson() {
        var variables = Json.createObjectBuilder();
        environment.forEach(variables::add);
        return Json.createObjectBuilder()
                .add("line", line)
                .add("kind", kind.name())
                .add("command", array(command))
                .add("environment", variables)
                .add("directory", directory)
                .add("user", user)
                .add("sources", array(sources))
                .add("target", target)
                .build();
    }

    private static JsonArrayBuilder array(List<String> words) {
        return Json.createArrayBuilder(words);
    }
}
