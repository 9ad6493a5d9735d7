// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import serai.local.doc.Json;

/**
 * The tables on disk: one line of JSON for each commit, so that a commit is there whole or not at all. It survives the agent's
 * death, not the machine's: after a power cut no task runs either, and a torn last line is dropped.
 */
final class Journal implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Journal.class.getName());
    private static final long COMPACT_ABOVE = 8L * 1024 * 1024;

    private final Path file;
    private FileChannel channel;
    private long written;

    private Journal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Reads what is there into {@code tables} and goes on from it. */
    static Journal open(Path file, Tables tables) throws IOException {
        Files.createDirectories(file.getParent());
        if (Files.exists(file)) {
            read(file, tables);
        }
        Journal journal = new Journal(file, null);
        journal.compact(tables);
        return journal;
    }

    private static void read(Path file, Tables tables) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode commit;
                try {
                    commit = Json.MAPPER.readTree(line);
                } catch (JsonProcessingException e) {
                    LOG.log(System.Logger.Level.WARNING, "{0}: dropped a line that was not written to its end", file);
                    return;
                }
                apply(commit, tables);
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
        if (written > COMPACT_ABOVE) {
            compact(tables);
        }
        ArrayNode list = Json.array();
        for (Change change : changes) {
            list.add(line(change.table(), change.key(), withoutKnownJob(change, tables)));
        }
        write(Json.object("index", index, "changes", list));
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

    /** Writes the tables as they are to a new file and puts it in the journal's place. */
    private void compact(Tables tables) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        FileChannel replacement = FileChannel.open(
                next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        FileChannel before = channel;
        channel = replacement;
        written = 0;
        for (Table table : Table.values()) {
            List<ObjectNode> lines = new ArrayList<>();
            tables.entries(table)
                    .forEach((key, doc) -> lines.add(line(table, key, doc).put("at", tables.index(table))));
            for (ObjectNode line : lines) {
                write(Json.object(
                        "index", tables.index(), "changes", Json.array().add(line)));
            }
        }
        write(Json.object("index", tables.index(), "changes", Json.array()));
        replacement.force(false);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        if (before != null) {
            before.close();
        }
        written = 0; // what counts is what came after the snapshot
    }

    private void write(ObjectNode commit) throws IOException {
        byte[] json = Json.bytes(commit);
        ByteBuffer line =
                ByteBuffer.allocate(json.length + 1).put(json).put((byte) '\n').flip();
        long start = channel.position();
        try {
            while (line.hasRemaining()) {
                channel.write(line);
            }
            written += json.length;
        } catch (IOException e) {
            channel.truncate(start); // half a line would hide all that come after it
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        channel.force(false);
        channel.close();
    }
}
