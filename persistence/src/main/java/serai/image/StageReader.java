// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import static serai.image.DockerfileReader.refused;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonString;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** What one stage of a Dockerfile, mostly the only one, comes to. */
final class StageReader {
    /** What it refers to. */
    interface Others {
        /**
         * @param name of a stage above, its number, or an image's
         * @return by which steps name it
         */
        String id(String name);
    }

    private static final Pattern OPTION = Pattern.compile("^--([a-z]+)(?:=(\\S+))?\\s+");
    private static final Pattern UV = Pattern.compile("(?:\\S*/)?uv(?:[:@]\\S+)?");
    private static final Pattern UV_PROGRAM = Pattern.compile("/(uvx?)");

    /** How {@code add_python} puts one into an image. */
    private static final Pattern PYTHON = Pattern.compile("/python/\\.\\s+/usr/local/?");

    private static final Pattern MODE = Pattern.compile("[0-7]{3,4}|[ugoa]*[-+=][rwxXst]+");

    /** What Docker knows by itself: {@code TARGETARCH} and the like. */
    private static final Pattern PLATFORM = Pattern.compile("(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)");

    /** Arguments that need not be declared. */
    private static final Pattern PROXY = Pattern.compile("(?i)(?:https?|ftp|no|all)_proxy");

    /** Of no consequence for a function's container. */
    private static final Set<String> WITHOUT_MEANING =
            Set.of("CMD", "LABEL", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "HEALTHCHECK", "VOLUME");

    private static final List<String> SHELL = List.of("/bin/sh", "-c");

    /** Runs a text as the program that it is. */
    private static final String AS_PROGRAM =
            "file=$(mktemp) && printf %s \"$1\" > \"$file\" && chmod u+x \"$file\" && \"$file\"; "
                    + "code=$?; rm -f \"$file\"; exit $code";

    private final Step.Stage stage;
    private final Map<String, String> given; // for ARG
    private final Map<String, String> global; // what an ARG without a value has
    private final Optional<String> python;
    private final Optional<String> system;
    private final Map<String, String> environment; // of what lies below, and ours as it grows
    private final Map<String, String> own = new LinkedHashMap<>();
    private final Map<String, String> arguments = new HashMap<>();
    private final List<Step> steps = new ArrayList<>();
    private final Set<String> uses = new LinkedHashSet<>();
    private final Map<String, String> inherited; // environment
    private final List<String> first; // shell
    private List<String> shell;
    private String directory;
    private String user;
    private Optional<String> workdir = Optional.empty();
    private Optional<List<String>> entrypoint = Optional.empty();
    private Optional<String> newUser = Optional.empty();
    private boolean copiesFiles;
    private boolean needsBuild;

    private StageReader(
            Step.Stage stage,
            Optional<String> system,
            Map<String, String> environment,
            String directory,
            String user,
            List<String> shell,
            Map<String, String> given,
            Map<String, String> global,
            Optional<String> python) {
        this.stage = stage;
        this.system = system;
        this.inherited = Map.copyOf(environment);
        this.environment = new HashMap<>(environment);
        this.directory = directory;
        this.user = user;
        this.first = shell;
        this.shell = shell;
        this.given = given;
        this.global = global;
        this.python = python;
        given.forEach((name, value) -> {
            if (PROXY.matcher(name).matches()) {
                arguments.put(name, value);
            }
        });
    }

    /** One that stands on an image. Parameters as of {@link DockerfileReader#read}. */
    static StageReader on(
            Images.Contents below,
            Optional<List<String>> shell,
            Map<String, String> arguments,
            Optional<String> python) {
        return new StageReader(
                new Step.Stage("", "0", "", "", Map.of()),
                Optional.empty(),
                below.environment(),
                below.workdir().orElse("/"),
                below.user().orElse(""),
                shell.orElse(SHELL),
                arguments,
                Map.of(),
                python);
    }

    /** Another one, that stands on nothing but what {@code FROM} names. */
    StageReader ofSystem(String line, String id, String name, Map<String, String> globals) {
        var other = new StageReader(
                new Step.Stage(line, id, "", name, Map.of()),
                Optional.of(name),
                BaseSystem.environment(name),
                "/",
                "",
                SHELL,
                given,
                globals,
                python);
        other.entrypoint = BaseSystem.entrypoint(name);
        BaseSystem.shell(name).ifPresent(words -> other.shell(line, words));
        return other;
    }

    /** Another one, that goes on where this one ends. */
    StageReader above(String line, String id, Map<String, String> globals) {
        var other = new StageReader(
                new Step.Stage(line, id, id(), "", Map.of()),
                system,
                environment,
                directory,
                user,
                shell,
                given,
                globals,
                python);
        other.own.putAll(own);
        other.arguments.putAll(arguments);
        other.workdir = workdir;
        other.entrypoint = entrypoint;
        other.newUser = newUser;
        other.uses.add(id());
        return other;
    }

    String id() {
        return stage.name();
    }

    /** Ids of those that it needs. */
    Set<String> uses() {
        return uses;
    }

    List<Step> steps() {
        return List.copyOf(steps);
    }

    Step stage() {
        return stage;
    }

    /** What begins the one that becomes the image, whose system is that of the image. It says who reads commands, as others may have said before. */
    List<Step> lastStage() {
        return List.of(
                new Step.Stage(stage.line(), "", stage.from(), "", inherited), new Step.Shell(stage.line(), first));
    }

    /** @param mustBuild whether its steps have to be done for other reasons than its own */
    Layer layer(List<Step> all, boolean mustBuild) {
        return new Layer(
                system, own, workdir, entrypoint, newUser, copiesFiles, needsBuild || mustBuild, List.copyOf(all));
    }

    void read(Instruction instruction, Others others) {
        var line = instruction.line();
        var rest = instruction.rest();
        switch (instruction.name()) {
            case "RUN" -> run(instruction, others);
            case "ENV" -> {
                var set = Words.assignments(rest, variables());
                own.putAll(set);
                environment.putAll(set);
            }
            case "ARG" -> arguments(rest, variables()).forEach((name, usual) -> argument(line, name, usual));
            case "WORKDIR" -> workdir(line, one(line, Words.split(rest, variables())));
            case "COPY", "ADD" -> copy(instruction, others);
            case "ENTRYPOINT" -> entrypoint = Optional.of(command(rest));
            case "SHELL" -> shell(line, json(rest).orElseThrow(() -> refused(line, "a list is needed")));
            case "USER" -> {
                user = one(line, Words.split(rest, variables()));
                newUser = Optional.of(user);
            }
            default -> {
                if (!WITHOUT_MEANING.contains(instruction.name())) {
                    throw refused(line, "this instruction is not known");
                }
            }
        }
    }

    private void shell(String line, List<String> words) {
        shell = words;
        steps.add(new Step.Shell(line, words));
    }

    private void run(Instruction instruction, Others others) {
        var line = instruction.line();
        var left = instruction.rest();
        var mounts = new ArrayList<RunMount>();
        for (var option = OPTION.matcher(left); option.find(); option = OPTION.matcher(left)) {
            var value = Optional.ofNullable(option.group(2)).orElse("");
            switch (option.group(1) + "=" + (option.group(1).equals("mount") ? "" : value)) {
                case "mount=" -> mounts.add(mount(line, value, others));
                case "network=default", "security=sandbox" -> {}
                default -> throw refused(line, "the option --%s=%s is not supported".formatted(option.group(1), value));
            }
            left = left.substring(option.end());
        }
        needsBuild = true;
        var seen = new HashMap<>(arguments);
        seen.putAll(environment);
        var words = command(left, instruction.documents());
        steps.add(new Step.Run(line, words, Map.copyOf(seen), directory, user, List.copyOf(mounts)));
    }

    private RunMount mount(String line, String text, Others others) {
        try {
            var mount = RunMount.read(Words.filled(text, variables()), directory);
            return mount.from().isEmpty() ? mount : mount.from(use(mount.from(), others));
        } catch (RunMount.Unreadable e) {
            throw refused(line, e.getMessage());
        }
    }

    private String use(String name, Others others) {
        var id = others.id(name);
        uses.add(id);
        return id;
    }

    private List<String> command(String rest, List<Instruction.Document> documents) {
        if (documents.isEmpty()) {
            return command(rest);
        }
        var text = new StringBuilder(rest).append('\n');
        documents.forEach(it -> text.append(it.text()).append(it.name()).append('\n'));
        var whole = Instruction.announces(rest) ? documents.getFirst().text() : text.toString();
        if (whole.startsWith("#!")) {
            return List.of("/bin/sh", "-c", AS_PROGRAM, "sh", whole);
        }
        return inShell(whole);
    }

    private List<String> command(String rest) {
        return json(rest).orElseGet(() -> inShell(rest));
    }

    private List<String> inShell(String text) {
        var words = new ArrayList<>(shell);
        words.add(text);
        return words;
    }

    /** @return what {@code ARG} declares, each with the value that it has if none is given */
    static Map<String, Optional<String>> arguments(String rest, Map<String, String> known) {
        var declared = new LinkedHashMap<String, Optional<String>>();
        for (var word : Words.split(rest, known)) {
            int equals = word.indexOf('=');
            declared.put(
                    equals < 0 ? word : word.substring(0, equals),
                    equals < 0 ? Optional.empty() : Optional.of(word.substring(equals + 1)));
        }
        return declared;
    }

    private void argument(String line, String name, Optional<String> usual) {
        var value = given.getOrDefault(name, usual.orElse(global.get(name)));
        if (value == null && PLATFORM.matcher(name).matches()) {
            throw refused(line, "the node's platform is not known here; give a value, as by build_args");
        }
        if (value != null) {
            arguments.put(name, value);
        }
    }

    private void workdir(String line, String path) {
        directory = path.startsWith("/") ? path : directory.replaceFirst("/$", "") + "/" + path;
        workdir = Optional.of(directory);
        steps.add(new Step.Directory(line, directory));
    }

    private void copy(Instruction instruction, Others others) {
        var line = instruction.line();
        var rest = instruction.rest();
        if (python.isPresent() && PYTHON.matcher(rest).matches()) {
            needsBuild = true;
            steps.add(new Step.Python(line, python.get()));
            return;
        }
        var options = new HashMap<String, String>();
        var left = rest;
        for (var option = OPTION.matcher(left); option.find(); option = OPTION.matcher(left)) {
            if (!Set.of("chown", "chmod", "from", "link").contains(option.group(1))) {
                throw refused(line, "the option --%s is not supported".formatted(option.group(1)));
            }
            var value = Optional.ofNullable(option.group(2)).orElse("");
            options.put(option.group(1), Words.filled(value, variables()));
            left = left.substring(option.end());
        }
        var written = left;
        var words = json(left).orElseGet(() -> Words.split(written, variables()));
        var sources = words.stream()
                .limit(Math.max(0, words.size() - 1))
                .filter(word -> instruction.documents().isEmpty() || !Instruction.announces(word))
                .toList();
        if (words.isEmpty()
                || Instruction.announces(words.getLast())
                || sources.isEmpty() && instruction.documents().isEmpty()) {
            throw refused(line, "sources and a target are needed");
        }
        if (instruction.name().equals("ADD")
                && sources.stream().anyMatch(s -> s.contains("://") || s.matches(".*\\.(tar|tgz|tar\\.\\w+)"))) {
            throw refused(line, "ADD of addresses and archives is not supported; RUN can fetch and unpack them");
        }
        var mode = options.getOrDefault("chmod", "");
        if (!mode.isEmpty() && !MODE.matcher(mode).matches()) {
            throw refused(line, "--chmod=%s is not understood".formatted(mode));
        }
        needsBuild |= !rest.equals(". /");
        copiesFiles |= rest.equals(". /"); // as local files are: no build is needed for it
        var from = options.getOrDefault("from", "");
        if (isUv(from, sources)) {
            uv(line, sources, words.getLast());
            return;
        }
        steps.add(new Step.Copy(
                line,
                sources,
                contents(instruction),
                from.isEmpty() ? "" : use(from, others),
                words.getLast(),
                directory,
                options.getOrDefault("chown", ""),
                mode));
    }

    private Map<String, String> contents(Instruction instruction) {
        var contents = new LinkedHashMap<String, String>();
        for (var document : instruction.documents()) {
            contents.put(
                    document.name(), document.plain() ? document.text() : Words.filled(document.text(), variables()));
        }
        return contents;
    }

    /** The image of uv has its programs only: the platform's stand for them. */
    private static boolean isUv(String from, List<String> sources) {
        return UV.matcher(from).matches()
                && from.matches(".*[/:@].*")
                && sources.stream()
                        .allMatch(source -> UV_PROGRAM.matcher(source).matches());
    }

    private void uv(String line, List<String> sources, String target) {
        boolean into = target.endsWith("/") || sources.size() > 1;
        for (var source : sources) {
            var name = source.substring(1);
            steps.add(new Step.Uv(line, name, into ? target.replaceFirst("/*$", "/") + name : target));
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
}
