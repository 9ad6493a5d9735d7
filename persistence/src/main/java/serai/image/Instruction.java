// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.image;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import serai.problem.Problem;

/**
 * One of a Dockerfile, in one line.
 *
 * @param line without comments and ends of lines, and without what *documents* hold
 * @param documents that follow it, in the order in which it names them
 */
record Instruction(String line, List<Document> documents) {
    private static final Pattern VARIABLES = Pattern.compile("\\s*ENV\\s+[^=\\s]+='", Pattern.CASE_INSENSITIVE);

    /** A word that announces a document: a descriptor, whether tabs are taken away, what ends it. */
    private static final Pattern ANNOUNCED = Pattern.compile("\\d*<<(-?)(['\"]?)([A-Za-z_][A-Za-z0-9_.-]*)\\2");

    private static final Pattern MAY_HAVE_DOCUMENTS = Pattern.compile("(?i)(RUN|COPY|ADD)\\s.*", Pattern.DOTALL);

    /**
     * A here-document.
     *
     * @param name what ends it
     * @param plain whether it was quoted: then no variables are filled in
     * @param text each of its lines with its end
     */
    record Document(String name, boolean plain, String text) {}

    /** {@code RUN}, in capitals. */
    String name() {
        return line.split("\\s+", 2)[0].toUpperCase(Locale.ROOT);
    }

    /** What follows its name. */
    String rest() {
        var words = line.split("\\s+", 2);
        return words.length > 1 ? words[1].strip() : "";
    }

    /** The words that announce documents are none of its arguments. */
    static boolean announces(String word) {
        return ANNOUNCED.matcher(word).matches();
    }

    /**
     * @param elements as the client sends them, of one line or several
     * @throws serai.problem.ProblemException {@link Problem#IMAGE_UNSUPPORTED} for a document without an end
     */
    static List<Instruction> of(List<String> elements) {
        var lines = elements.stream().flatMap(Instruction::inLines).iterator();
        var all = new ArrayList<Instruction>();
        var open = new StringBuilder();
        while (lines.hasNext()) {
            var line = lines.next();
            if (line.strip().startsWith("#") || line.isBlank()) {
                continue;
            }
            var part = line.stripTrailing();
            if (part.endsWith("\\") && lines.hasNext()) {
                open.append(part, 0, part.length() - 1);
                continue;
            }
            var whole = open.append(part.endsWith("\\") ? part.substring(0, part.length() - 1) : line)
                    .toString()
                    .strip();
            open.setLength(0);
            all.add(new Instruction(whole, documents(whole, lines)));
        }
        return all;
    }

    /** A value of a variable may have several lines: the client quotes it. An empty line is an element, too. */
    private static Stream<String> inLines(String element) {
        return element.isEmpty() || VARIABLES.matcher(element).lookingAt() ? Stream.of(element) : element.lines();
    }

    private static List<Document> documents(String line, Iterator<String> lines) {
        if (!line.contains("<<") || !MAY_HAVE_DOCUMENTS.matcher(line).matches()) {
            return List.of();
        }
        var documents = new ArrayList<Document>();
        for (var word : Words.raw(line)) {
            var announced = ANNOUNCED.matcher(word);
            if (announced.matches()) {
                var name = announced.group(3);
                var text = text(line, name, !announced.group(1).isEmpty(), lines);
                documents.add(new Document(name, !announced.group(2).isEmpty(), text));
            }
        }
        return documents;
    }

    private static String text(String line, String name, boolean withoutTabs, Iterator<String> lines) {
        var text = new StringBuilder();
        while (lines.hasNext()) {
            var next = lines.next();
            var seen = withoutTabs ? next.replaceFirst("^\t+", "") : next;
            if (seen.equals(name)) {
                return text.toString();
            }
            text.append(seen).append('\n');
        }
        throw Problem.IMAGE_UNSUPPORTED.because(
                "This line of the image cannot be built: \"%s\": its here-document has no end: a line with nothing but %s",
                line, name);
    }
}
