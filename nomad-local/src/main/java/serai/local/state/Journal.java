// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import serai.local.doc.Json;

/**
 * The tables on disk: one line of JSON for each commit, so that a commit is there whole or not at all. It survives the agent's
 * death, not the machine's: after a power cut no task runs either, and a torn last line is dropped. Where the disk is full, a
 * commit fails and the file stays as it was.
 */
final class Journal implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Journal.class.getName());
    private static final long LEAST_TO_COMPACT = 8L * 1024 * 1024;

    private final Path file;
    private Lines lines;
    private long compactAbove = LEAST_TO_COMPACT;

    private Journal(Path file) {
        this.file = file;
    }

    /**
     * Reads what is there into {@code tables} and goes on from it.
     *
     * @throws IOException also if a line that is not the last one cannot be read
     */
    static Journal open(Path file, Tables tables) throws IOException {
        Files.createDirectories(file.getParent());
        if (Files.exists(file)) {
            read(file, tables);
        }
        Journal journal = new Journal(file);
        journal.compact(tables);
        return journal;
    }

    private static void read(Path file, Tables tables) throws IOException {
        // not Files.newBufferedReader: a line may be torn in the middle of a character
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
            int number = 1;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode commit;
                try {
                    commit = Json.MAPPER.readTree(line);
                } catch (JsonProcessingException e) {
                    if (lines.readLine() != null) {
                        throw new IOException(
                                "%s is damaged: line %d cannot be read and is not the last one. Put back a copy, or move the data directory away."
                                        .formatted(file, number),
                                e);
                    }
                    LOG.log(System.Logger.Level.WARNING, "{0}: dropped a line that was not written to its end", file);
                    return;
                }
                apply(commit, tables);
                number++;
            }
        }
    }

    private static void apply(JsonNode commit, Tables tables) {
        long index = Json.number(commit, "index");
        for (JsonNode change : commit.path("changes")) {
            Table table = Table.valueOf(Json.text(change, "table"));
            String key = Json.text(change, "key");
            ObjectNode doc = change.path("doc").isObject() ? (ObjectNode) change.get("doc") : null;
            if (table == Table.ALLOCATIONS && doc != null && !doc.has("Job")) {
                tables.get(table, key).ifPresent(before -> doc.set("Job", before.get("Job")));
            }
            tables.set(table, key, doc, change.path("at").asLong(index));
        }
        tables.advance(index);
    }

    /** Must be called before the changes are applied to {@code tables}. */
    void append(long index, List<Change> changes, Tables tables) throws IOException {
        if (lines.size() > compactAbove) {
            compactOrGoOn(tables);
        }
        ArrayNode list = Json.array();
        for (Change change : changes) {
            list.add(line(change.table(), change.key(), withoutKnownJob(change, tables)));
        }
        lines.add(Json.object("index", index, "changes", list));
    }

    /** The job of an allocation seldom changes and is long: it is written once. */
    @SuppressWarnings("ReferenceEquality") // documents are values; a changed one is another object
    private static ObjectNode withoutKnownJob(Change change, Tables tables) {
        if (change.table() != Table.ALLOCATIONS || change.doc() == null) {
            return change.doc();
        }
        boolean known = tables.get(Table.ALLOCATIONS, change.key())
                .map(before -> before.get("Job") == change.doc().get("Job"))
                .orElse(false);
        return known ? Json.with(change.doc(), "Job", null) : change.doc();
    }

    private static ObjectNode line(Table table, String key, ObjectNode doc) {
        return Json.object("table", table.name(), "key", key, "doc", doc);
    }

    /** A disk that has no room for a second file may still have some for the next lines of this one. */
    private void compactOrGoOn(Tables tables) {
        try {
            compact(tables);
        } catch (IOException e) {
            compactAbove = lines.size() + LEAST_TO_COMPACT;
            LOG.log(System.Logger.Level.WARNING, "{0} cannot be compacted and goes on growing: {1}", file, e);
        }
    }

    /** Writes the tables as they are to a new file and puts it in the journal's place. */
    private void compact(Tables tables) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.deleteIfExists(next);
        Lines replacement = new Lines(next);
        try {
            write(tables, replacement);
            replacement.force();
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            replacement.close();
            Files.deleteIfExists(next);
            throw e;
        }
        Lines before = lines;
        lines = replacement;
        long snapshot = lines.size();
        // in proportion, so that the work for a commit does not grow with what is stored
        compactAbove = snapshot + Math.max(LEAST_TO_COMPACT, snapshot);
        if (before != null) {
            before.close();
        }
    }

    private static void write(Tables tables, Lines to) throws IOException {
        for (Table table : Table.values()) {
            List<ObjectNode> docs = new ArrayList<>();
            tables.entries(table)
                    .forEach((key, doc) -> docs.add(line(table, key, doc).put("at", tables.index(table))));
            for (ObjectNode doc : docs) {
                to.add(Json.object(
                        "index", tables.index(), "changes", Json.array().add(doc)));
            }
        }
        to.add(Json.object("index", tables.index(), "changes", Json.array()));
    }

    @Override
    public void close() throws IOException {
        lines.force();
        lines.close();
    }

    /** A file of whole lines. No channel: that one closes when a thread that is interrupted writes to it. */
    private static final class Lines implements AutoCloseable {
        private final RandomAccessFile file;
        private long end;

        Lines(Path path) throws IOException {
            file = new RandomAccessFile(path.toFile(), "rw");
            end = 0;
        }

        long size() {
            return end;
        }

        void add(ObjectNode doc) throws IOException {
            byte[] json = Json.bytes(doc);
            byte[] line = Arrays.copyOf(json, json.length + 1);
            line[json.length] = '\n';
            if (file.length() != end) {
                file.setLength(end); // half a line would hide all that come after it
            }
            file.seek(end);
            try {
                file.write(line);
                end += line.length;
            } catch (IOException e) {
                file.setLength(end);
                throw e;
            }
        }

        void force() throws IOException {
            file.getFD().sync();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
