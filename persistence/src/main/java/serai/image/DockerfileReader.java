// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonString;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import serai.problem.Problem;
import serai.problem.ProblemException;

/**
 * Reads the Dockerfile lines of one layer, as the client's image methods and people write them. What is not understood is
 * refused by name: nothing is ever ignored but what has no meaning here ({@code CMD}, {@code LABEL} and the like).
 */
final class DockerfileReader {
    /** What {@code debian_slim} consists of besides its FROM, in every builder version that we answer with. */
    private static final List<Pattern> SLIM = List.of(
            Pattern.compile("RUN apt-get update"),
            Pattern.compile("COPY /modal_requirements\\.txt /modal_requirements\\.txt"),
            Pattern.compile("RUN (?:uv )?pip install [a-z -]*-r /modal_requirements\\.txt"),
            Pattern.compile("RUN rm /modal_requirements\\.txt"),
            Pattern.compile("RUN apt-get install -y gcc gfortran build-essential"),
            Pattern.compile("RUN pip install --upgrade pip wheel uv"),
            Pattern.compile("RUN echo 'debconf debconf/frontend select Noninteractive' \\| debconf-set-selections"),
            Pattern.compile("RUN rm -rf /var/lib/apt/lists/\\*"),
            Pattern.compile("CMD \\[\"sleep\", \"\\d+\"]"));

    private static final Pattern UV = Pattern.compile("--from=\\S*\\buv\\S*\\s+/uv\\s+(\\S+)");
    private static final Pattern OPTION = Pattern.compile("^--([a-z]+)(?:=(\\S+))?\\s+");

    /** Of no consequence for a function's container. */
    private static final Set<String> WITHOUT_MEANING =
            Set.of("CMD", "LABEL", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "HEALTHCHECK", "VOLUME");

    private static final Pattern VARIABLES = Pattern.compile("\\s*ENV\\s+[^=\\s]+='", Pattern.CASE_INSENSITIVE);

    /** How {@code add_python} puts one into an image. */
    private static final Pattern PYTHON = Pattern.compile("/python/\\.\\s+/usr/local/?");

    private static final List<String> SHELL = List.of("/bin/sh", "-c");

    private final Map<String, String> environment; // of what lies below, and ours as it grows
    private final Map<String, String> own = new LinkedHashMap<>();
    private final Map<String, String> arguments = new HashMap<>();
    private final List<Step> steps = new ArrayList<>();
    private final Optional<String> python;
    private boolean begun;
    private List<String> shell;
    private String directory;
    private String user;
    private Optional<String> from = Optional.empty();
    private Optional<String> workdir = Optional.empty();
    private Optional<List<String>> entrypoint = Optional.empty();
    private Optional<String> newUser = Optional.empty();
    private boolean copiesFiles;
    private boolean needsBuild;

    private DockerfileReader(
            Map<String, String> below,
            String directory,
            String user,
            Optional<List<String>> shell,
            Map<String, String> arguments,
            Optional<String> python) {
        this.shell = shell.orElse(SHELL);
        this.python = python;
        this.environment = new HashMap<>(below);
        this.directory = directory;
        this.user = user;
        this.arguments.putAll(arguments);
    }

    /**
     * @param lines one instruction each, as the client sends them; a person's may go on over several lines
     * @param below what the image has on which the layer stands
     * @param shell that was said for the image below; empty for the usual one
     * @param arguments for {@code ARG}
     * @param python major.minor of the one that stands for {@code /python} of the context
     */
    static Layer read(
            List<String> lines,
            Images.Contents below,
            Optional<List<String>> shell,
            Map<String, String> arguments,
            Optional<String> python) {
        var reader = new DockerfileReader(
                below.environment(), below.workdir().orElse("/"), below.user().orElse(""), shell, arguments, python);
        var instructions = instructions(lines);
        if (!isSlim(instructions)) {
            instructions.forEach(reader::read);
        } else {
            reader.from(instructions.getFirst().substring("FROM".length()).strip());
        }
        return new Layer(
                reader.from,
                reader.own,
                reader.workdir,
                reader.entrypoint,
                reader.newUser,
                reader.copiesFiles,
                reader.needsBuild,
                List.copyOf(reader.steps));
    }

    /** What it does is what our base systems have done already. */
    private static boolean isSlim(List<String> instructions) {
        return instructions.size() > 1
                && BaseSystem.isPython(
                        instructions.getFirst().substring("FROM".length()).strip())
                && instructions.stream()
                        .skip(1)
                        .allMatch(line ->
                                SLIM.stream().anyMatch(p -> p.matcher(line).matches()));
    }

    private static List<String> instructions(List<String> lines) {
        var whole = new ArrayList<String>();
        var open = new StringBuilder();
        for (var line : lines.stream().flatMap(DockerfileReader::inLines).toList()) {
            if (line.strip().startsWith("#") || open.isEmpty() && line.isBlank()) {
                continue;
            }
            if (line.stripTrailing().endsWith("\\")) {
                var part = line.stripTrailing();
                open.append(part, 0, part.length() - 1);
                continue;
            }
            open.append(line);
            whole.add(open.toString().strip());
            open.setLength(0);
        }
        if (!open.isEmpty()) {
            whole.add(open.toString().strip());
        }
        return whole;
    }

    /** A value of a variable may have several lines: the client quotes it. */
    private static Stream<String> inLines(String element) {
        return VARIABLES.matcher(element).lookingAt() ? Stream.of(element) : element.lines();
    }

    private void read(String line) {
        var word = line.split("\\s+", 2);
        var rest = word.length > 1 ? word[1].strip() : "";
        var name = word[0].toUpperCase(Locale.ROOT);
        switch (name) {
            case "FROM" -> from(rest);
            case "RUN" -> run(line, rest);
            case "ENV" -> {
                var set = Words.assignments(rest, variables());
                own.putAll(set);
                environment.putAll(set);
            }
            case "ARG" -> argument(rest);
            case "WORKDIR" -> workdir(line, one(line, Words.split(rest, variables())));
            case "COPY", "ADD" -> copy(line, name, rest);
            case "ENTRYPOINT" -> entrypoint = Optional.of(command(rest));
            case "SHELL" -> shell(line, json(rest).orElseThrow(() -> refused(line, "a list is needed")));
            case "USER" -> {
                user = one(line, Words.split(rest, variables()));
                newUser = Optional.of(user);
            }
            default -> {
                if (!WITHOUT_MEANING.contains(name)) {
                    throw refused(line, "this instruction is not known");
                }
            }
        }
    }

    private void from(String rest) {
        var named =
                rest.replaceFirst("^--platform=\\S+\\s+", "").replaceFirst("(?i)\\s+as\\s+\\S+$", ""); // the only stage
        var name = Words.split(named, variables());
        if (begun || name.size() != 1) {
            throw refused("FROM " + rest, "builds in several stages are not supported");
        }
        begun = true;
        if (!name.getFirst().equals("base")) {
            from = Optional.of(name.getFirst());
            environment.putAll(BaseSystem.environment(name.getFirst()));
            entrypoint = BaseSystem.entrypoint(name.getFirst());
            BaseSystem.shell(name.getFirst()).ifPresent(words -> shell("FROM " + rest, words));
        }
    }

    private void shell(String line, List<String> words) {
        shell = words;
        steps.add(Step.shell(line, words));
    }

    private void run(String line, String rest) {
        if (rest.startsWith("--")) {
            throw refused(line, "options of RUN are not supported");
        }
        if (rest.contains("<<")
                && Pattern.compile("<<-?['\"]?[A-Za-z_]+").matcher(rest).find()) {
            throw refused(line, "here-documents are not supported");
        }
        needsBuild = true;
        var seen = new HashMap<>(arguments);
        seen.putAll(environment);
        steps.add(Step.run(line, command(rest), seen, directory, user));
    }

    private List<String> command(String rest) {
        return json(rest).orElseGet(() -> {
            var words = new ArrayList<>(shell);
            words.add(rest);
            return words;
        });
    }

    private void argument(String rest) {
        int equals = rest.indexOf('=');
        var name = equals < 0 ? rest : rest.substring(0, equals);
        if (equals >= 0) {
            arguments.putIfAbsent(name, String.join(" ", Words.split(rest.substring(equals + 1), variables())));
        }
    }

    private void workdir(String line, String path) {
        directory = path.startsWith("/") ? path : directory.replaceFirst("/$", "") + "/" + path;
        workdir = Optional.of(directory);
        steps.add(Step.directory(line, directory, user));
    }

    private void copy(String line, String name, String rest) {
        var uv = UV.matcher(rest);
        if (uv.matches()) {
            needsBuild = true;
            steps.add(Step.uv(line, uv.group(1)));
            return;
        }
        if (python.isPresent() && PYTHON.matcher(rest).matches()) {
            needsBuild = true;
            steps.add(Step.python(line, python.get()));
            return;
        }
        var owner = "";
        var left = rest;
        for (var option = OPTION.matcher(left); option.find(); option = OPTION.matcher(left)) {
            switch (option.group(1)) {
                case "chown" -> owner = option.group(2);
                case "link" -> {}
                default -> throw refused(line, "the option --%s is not supported".formatted(option.group(1)));
            }
            left = left.substring(option.end());
        }
        var listed = json(left);
        var words = listed.isPresent() ? listed.get() : Words.split(left, variables());
        if (words.size() < 2) {
            throw refused(line, "sources and a target are needed");
        }
        var sources = words.subList(0, words.size() - 1);
        if (name.equals("ADD")
                && sources.stream().anyMatch(s -> s.contains("://") || s.matches(".*\\.(tar|tgz|tar\\.\\w+)"))) {
            throw refused(line, "ADD of addresses and archives is not supported; RUN can fetch and unpack them");
        }
        steps.add(Step.copy(line, sources, words.getLast(), directory, owner));
        if (rest.equals(". /")) {
            copiesFiles = true; // as local files are: no build is needed for it
        } else {
            needsBuild = true;
        }
    }

    private Map<String, String> variables() {
        var all = new HashMap<>(arguments);
        all.putAll(environment);
        return all;
    }

    private static String one(String line, List<String> words) {
        if (words.size() != 1) {
            throw refused(line, "one word is needed");
        }
        return words.getFirst();
    }

    /** {@code ["a", "b"]}; anything else is none. */
    private static Optional<List<String>> json(String text) {
        if (!text.startsWith("[")) {
            return Optional.empty();
        }
        try (var reader = Json.createReader(new StringReader(text))) {
            return Optional.of(reader.readArray().getValuesAs(JsonString.class).stream()
                    .map(JsonString::getString)
                    .toList());
        } catch (JsonException | ClassCastException e) {
            return Optional.empty(); // as Docker does: then a shell reads it
        }
    }

    private static ProblemException refused(String line, String why) {
        return Problem.IMAGE_UNSUPPORTED.because("This line of the image cannot be built: \"%s\": %s", line, why);
    }
}
