// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import serai.problem.Problem;

/**
 * Reads the Dockerfile lines of one layer, as the client's image methods write them. A plain {@code debian_slim}, {@code
 * ENV}, {@code WORKDIR} and copied local files are understood. Whatever would need a build is refused by name: nothing is
 * ever ignored.
 */
final class DockerfileReader {
    private static final Pattern PYTHON = Pattern.compile("python:(3\\.\\d+)(?:\\.\\d+)?-slim-[a-z]+");

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

    private DockerfileReader() {}

    /** @param lines one instruction each, as the client sends them */
    static Layer read(List<String> lines) {
        Optional<String> python = Optional.empty();
        Optional<String> workdir = Optional.empty();
        var environment = new LinkedHashMap<String, String>();
        boolean copies = false;
        for (var raw : lines) {
            var line = raw.strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            var word = line.split("\\s+", 2);
            var rest = word.length > 1 ? word[1].strip() : "";
            switch (word[0].toUpperCase(Locale.ROOT)) {
                case "FROM" -> {
                    if (!rest.equals("base")) {
                        python = Optional.of(pythonOf(rest));
                    }
                }
                case "ENV" -> environment.putAll(assignments(rest));
                case "WORKDIR" -> workdir = Optional.of(rest);
                case "COPY" -> {
                    if (rest.equals(". /")) {
                        copies = true;
                    } else if (python.isEmpty() || !isSlim(line)) {
                        throw unsupported(lines);
                    }
                }
                default -> {
                    if (python.isEmpty() || !isSlim(line)) {
                        throw unsupported(lines);
                    }
                }
            }
        }
        return new Layer(python, environment, workdir, copies);
    }

    private static boolean isSlim(String line) {
        return SLIM.stream().anyMatch(p -> p.matcher(line).matches());
    }

    private static String pythonOf(String from) {
        var match = PYTHON.matcher(from);
        if (!match.matches()) {
            throw unsupported(List.of("FROM " + from));
        }
        return match.group(1);
    }

    /** The whole layer: its first line, such as an {@code apt-get update}, need not be what its author wrote. */
    private static RuntimeException unsupported(List<String> layer) {
        var instructions = layer.stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.equals("FROM base"))
                .collect(Collectors.joining("; "));
        return Problem.IMAGE_UNSUPPORTED.because(
                "Image builds are not available yet, so this layer cannot be made: \"%s\". Use"
                        + " modal.Image.debian_slim() with .env(), .workdir() and local files.",
                instructions);
    }

    /** {@code A=1 B='2 3'}: quoting as a POSIX shell does it, which is what the client writes. */
    private static Map<String, String> assignments(String text) {
        var result = new LinkedHashMap<String, String>();
        for (var word : words(text)) {
            int equals = word.indexOf('=');
            if (equals < 1) {
                throw Problem.INVALID_ARGUMENT.because("ENV %s: NAME=value is needed", text);
            }
            result.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return result;
    }

    private static List<String> words(String text) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == 0 && Character.isWhitespace(c)) {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
                continue;
            }
            inWord = true;
            if (quote == 0 && (c == '\'' || c == '"')) {
                quote = c;
            } else if (c == quote) {
                quote = 0;
            } else if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
            } else {
                word.append(c);
            }
        }
        if (quote != 0) {
            throw Problem.INVALID_ARGUMENT.because("ENV %s: a quote is not closed", text);
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }
}
