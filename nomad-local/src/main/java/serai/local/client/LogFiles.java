// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The numbered files of one stream: {@code fn.stdout.0}, {@code fn.stdout.1}, ... The oldest go when there are too many. */
final class LogFiles {
    private static final System.Logger LOG = System.getLogger(LogFiles.class.getName());

    private LogFiles() {}

    /** One of the files. */
    record LogFile(int number, Path path) {}

    /** In the order of their numbers. */
    static List<LogFile> list(Path directory, String task, String stream) throws IOException {
        String prefix = task + "." + stream + ".";
        TreeMap<Integer, LogFile> files = new TreeMap<>();
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            entries.forEach(path -> {
                String name = path.getFileName().toString();
                if (name.startsWith(prefix) && name.substring(prefix.length()).matches("[0-9]{1,9}")) {
                    int number = Integer.parseInt(name, prefix.length(), name.length(), 10);
                    files.put(number, new LogFile(number, path));
                }
            });
        }
        return new ArrayList<>(files.values());
    }

    /** Appends to the files of a stream; used by one thread. */
    static final class Writer implements AutoCloseable {
        private final Path directory;
        private final String task;
        private final String stream;
        private final long maxBytes;
        private final int maxFiles;
        private int number;
        private long size;
        private OutputStream out;
        private long lost;

        Writer(Path directory, String task, String stream, long maxBytes, int maxFiles) throws IOException {
            this.directory = directory;
            this.task = task;
            this.stream = stream;
            this.maxBytes = Math.max(1, maxBytes);
            this.maxFiles = Math.max(1, maxFiles);
            List<LogFile> present = list(directory, task, stream);
            number = present.isEmpty() ? 0 : present.getLast().number();
            open();
        }

        private void open() throws IOException {
            Path file = directory.resolve(task + "." + stream + "." + number);
            out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            size = Files.size(file);
        }

        /** What the disk has no room for is dropped, and a line says so where it would have been: the task must go on. */
        void write(byte[] bytes, int length) {
            int written = 0;
            try {
                if (lost > 0) {
                    byte[] note = ("\n[nomad-local: %d bytes of output were lost, the log could not be written]\n"
                                    .formatted(lost))
                            .getBytes(StandardCharsets.UTF_8);
                    append(note, 0, note.length);
                    lost = 0;
                }
                while (written < length) {
                    int part = (int) Math.min(length - written, room());
                    append(bytes, written, part);
                    written += part;
                }
            } catch (IOException e) {
                if (lost == 0) {
                    LOG.log(Level.WARNING, "output of {0} is lost: {1}", directory.resolve(task), e.getMessage());
                }
                lost += length - written;
            }
        }

        private long room() throws IOException {
            if (size >= maxBytes) {
                rotate();
            }
            return maxBytes - size;
        }

        private void append(byte[] bytes, int start, int length) throws IOException {
            out.write(bytes, start, length);
            size += length;
        }

        private void rotate() throws IOException {
            OutputStream full = out;
            number++;
            try {
                open();
            } catch (IOException e) {
                number--;
                throw e;
            }
            full.close();
            List<LogFile> present = list(directory, task, stream);
            for (LogFile old : present.subList(0, Math.max(0, present.size() - maxFiles))) {
                Files.deleteIfExists(old.path());
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
