// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.List;
import java.util.Map;

/** One thing that a build does, as builders read it. Variables are filled in already, but for those that a shell sees to. */
sealed interface Step {
    /** As its author wrote it. */
    String line();

    /** What it is called where it is kept. */
    String kind();

    /** Adds what only its kind has. */
    JsonObjectBuilder describe(JsonObjectBuilder json);

    default JsonObject toJson() {
        return describe(Json.createObjectBuilder().add("line", line()).add("kind", kind()))
                .build();
    }

    /**
     * A command.
     *
     * @param command the program and its arguments
     * @param environment without the platform's own
     * @param directory where it runs; made if it is not there
     * @param user who runs it: names or numbers, {@code user[:group]}; empty for root
     * @param mounts what it finds beside the image's files
     */
    record Run(
            String line,
            List<String> command,
            Map<String, String> environment,
            String directory,
            String user,
            List<RunMount> mounts)
            implements Step {
        @Override
        public String kind() {
            return "RUN";
        }

        @Override
        public JsonObjectBuilder describe(JsonObjectBuilder json) {
            var shown = Json.createArrayBuilder();
            mounts.forEach(mount -> shown.add(mount.toJson()));
            return json.add("command", array(command))
                    .add("environment", object(environment))
                    .add("directory", directory)
                    .add("user", user)
                    .add("mounts", shown);
        }
    }

    /**
     * Files.
     *
     * @param sources paths or patterns in what it copies from
     * @param documents contents by name, beside them
     * @param from the stage that it copies from; empty for the context
     * @param target with a slash at its end it is a directory
     * @param directory from where a relative target counts
     * @param owner {@code user[:group]}, as names or numbers; empty for root
     * @param mode as {@code chmod} takes it; empty for that of the source
     */
    record Copy(
            String line,
            List<String> sources,
            Map<String, String> documents,
            String from,
            String target,
            String directory,
            String owner,
            String mode)
            implements Step {
        @Override
        public String kind() {
            return "COPY";
        }

        @Override
        public JsonObjectBuilder describe(JsonObjectBuilder json) {
            return json.add("sources", array(sources))
                    .add("documents", object(documents))
                    .add("from", from)
                    .add("target", target)
                    .add("directory", directory)
                    .add("user", owner)
                    .add("mode", mode);
        }
    }

    /** Makes one. */
    record Directory(String line, String directory) implements Step {
        @Override
        public String kind() {
            return "DIRECTORY";
        }

        @Override
        public JsonObjectBuilder describe(JsonObjectBuilder json) {
            return json.add("directory", directory);
        }
    }

    /** Does nothing by itself. @param command what reads the commands of layers above */
    record Shell(String line, List<String> command) implements Step {
        @Override
        public String kind() {
            return "SHELL";
        }

        @Override
        public JsonObjectBuilder describe(JsonObjectBuilder json) {
            return json.add("command", array(command));
        }
    }

    /** Puts a program of the platform's uv where one is expected. @param program {@code uv} or {@code uvx} */
    record Uv(String line, String program, String target) implements Step {
        @Override
        public String kind() {
            return "UV";
        }

        @Override
        public JsonObjectBuilder describe(JsonObjectBuilder json) {
            return json.add("sources", array(List.of(program))).add("target", target);
        }
    }

    /** Puts a Python of the nodes at {@code /usr/local}. @param version major.minor */
    record Python(String line, String version) implements Step {
        @Override
        public String kind() {
            return "PYTHON";
        }

        @Override
        public JsonObjectBuilder describe(JsonObjectBuilder json) {
            return json.add("sources", array(List.of(version))).add("target", "/usr/local");
        }
    }

    /**
     * What follows, up to the next one, is done in a root of its own.
     *
     * @param name others copy from it by this name; empty for the image itself, which comes last
     * @param from the stage on which it stands; empty if *system* says it
     * @param system as {@code FROM} names it; empty if it stands on a stage, or on what is below the image
     * @param environment of the image's own: what it has from those that it stands on
     */
    record Stage(String line, String name, String from, String system, Map<String, String> environment)
            implements Step {
        static final String KIND = "STAGE";

        @Override
        public String kind() {
            return KIND;
        }

        @Override
        public JsonObjectBuilder describe(JsonObjectBuilder json) {
            return json.add("name", name)
                    .add("from", from)
                    .add("system", system)
                    .add("environment", object(environment));
        }
    }

    private static JsonArrayBuilder array(List<String> words) {
        return Json.createArrayBuilder(words);
    }

    private static JsonObjectBuilder object(Map<String, String> values) {
        var object = Json.createObjectBuilder();
        values.forEach(object::add);
        return object;
    }
}
