// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import serai.problem.Problem;
import serai.problem.ProblemException;

/**
 * Reads the Dockerfile lines of one layer, as the client's image methods and people write them. What is not understood is
 * refused by name: nothing is ever ignored but what has no meaning here ({@code CMD}, {@code LABEL} and the like).
 */
final class DockerfileReader implements StageReader.Others {
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

    private static final Pattern FROM = Pattern.compile(
            "(?:--platform=\\S+\\s+)?(?<name>\\S.*?)(?:\\s+as\\s+(?<alias>\\S+))?", Pattern.CASE_INSENSITIVE);

    /** What the client calls the image below. */
    private static final String BELOW = "base";

    private final StageReader below;
    private final Map<String, String> given; // for ARG
    private final Map<String, String> global = new HashMap<>(); // of each ARG before the first FROM
    private final List<StageReader> stages = new ArrayList<>();
    private final Map<String, Integer> named = new HashMap<>();
    private final Map<String, StageReader> images = new LinkedHashMap<>(); // that somebody copies from

    private DockerfileReader(StageReader below, Map<String, String> given) {
        this.below = below;
        this.given = given;
    }

    /**
     * @param lines as the client sends them, of one instruction each; a person's may go on over several
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
        var instructions = Instruction.of(lines);
        var reader = new DockerfileReader(StageReader.on(below, shell, arguments, python), arguments);
        if (isSlim(instructions)) {
            reader.read(instructions.getFirst());
        } else {
            instructions.forEach(reader::read);
        }
        return reader.layer();
    }

    /** What it does is what our base systems have done already. */
    private static boolean isSlim(List<Instruction> instructions) {
        return instructions.size() > 1
                && instructions.getFirst().name().equals("FROM")
                && BaseSystem.isPython(instructions.getFirst().rest())
                && instructions.stream()
                        .skip(1)
                        .allMatch(instruction -> SLIM.stream()
                                .anyMatch(p -> p.matcher(instruction.line()).matches()));
    }

    private void read(Instruction instruction) {
        if (instruction.name().equals("FROM")) {
            from(instruction);
        } else if (!stages.isEmpty()) {
            stages.getLast().read(instruction, this);
        } else if (instruction.name().equals("ARG")) {
            StageReader.arguments(instruction.rest(), global).forEach((name, value) -> {
                var chosen = given.getOrDefault(name, value.orElse(null));
                if (chosen != null) {
                    global.put(name, chosen);
                }
            });
        } else {
            throw refused(instruction.line(), "nothing but ARG may stand before the first FROM");
        }
    }

    private void from(Instruction instruction) {
        var said = FROM.matcher(instruction.rest());
        var words = said.matches() ? Words.split(said.group("name"), global) : List.<String>of();
        if (words.size() != 1) {
            throw refused(instruction.line(), "one name is needed");
        }
        var id = Integer.toString(stages.size());
        stages.add(begin(instruction.line(), id, words.getFirst()));
        if (said.group("alias") != null) {
            named.put(said.group("alias").toLowerCase(Locale.ROOT), stages.size() - 1);
        }
    }

    private StageReader begin(String line, String id, String name) {
        var stage = named.get(name.toLowerCase(Locale.ROOT));
        if (stage != null) {
            return stages.get(stage).above(line, id, global);
        }
        return stages.isEmpty() && name.equals(BELOW) ? below : below.ofSystem(line, id, name, global);
    }

    @Override
    public String id(String name) {
        var stage = named.get(name.toLowerCase(Locale.ROOT));
        if (stage == null && name.matches("\\d{1,4}") && Integer.parseInt(name) < stages.size()) {
            stage = Integer.valueOf(name);
        }
        if (stage == null) {
            return images.computeIfAbsent(name, n -> below.ofSystem("FROM " + n, n, n, Map.of()))
                    .id();
        }
        if (stage == stages.size() - 1) {
            throw Problem.IMAGE_UNSUPPORTED.because(
                    "This image cannot be built: its stage %s copies from itself", name);
        }
        return Integer.toString(stage);
    }

    private Layer layer() {
        var last = stages.isEmpty() ? below : stages.getLast(); // a function's layer has no lines
        var needed = new HashSet<String>();
        need(last, needed);
        return last.layer(needed.isEmpty() ? last.steps() : steps(last, needed), !needed.isEmpty());
    }

    private void need(StageReader stage, Set<String> needed) {
        for (var id : stage.uses()) {
            if (needed.add(id)) {
                need(images.containsKey(id) ? images.get(id) : stages.get(Integer.parseInt(id)), needed);
            }
        }
    }

    /** Those of stages that the last one needs, each before who needs it, then its own. */
    private List<Step> steps(StageReader last, Set<String> needed) {
        var steps = new ArrayList<Step>();
        images.values().stream().filter(it -> needed.contains(it.id())).forEach(it -> steps.add(it.stage()));
        for (var stage : stages) {
            if (needed.contains(stage.id())) {
                steps.add(stage.stage());
                steps.addAll(stage.steps());
            }
        }
        steps.addAll(last.lastStage());
        steps.addAll(last.steps());
        return steps;
    }

    static ProblemException refused(String line, String why) {
        return Problem.IMAGE_UNSUPPORTED.because("This line of the image cannot be built: \"%s\": %s", line, why);
    }
}
