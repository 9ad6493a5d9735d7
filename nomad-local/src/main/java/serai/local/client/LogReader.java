// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Reads the files of a log stream one after the other, as long as they grow. */
public final class LogReader {
    private static final int FRAME = 64 * 1024;

    /**
     * A piece of a file.
     *
     * @param end the offset behind it
     */
    public record Frame(byte[] data, String file, long end) {}

    private final Path directory;
    private final String task;
    private final String stream;
    private int number = -1;
    private long position;
    private long skip;

    /** @param offset bytes from the first file's start or, if {@code fromEnd}, before the last one's end; 0 there is all of it */
    public LogReader(Path directory, String task, String stream, long offset, boolean fromEnd) throws IOException {
        this.directory = directory;
        this.task = task;
        this.stream = stream;
        this.skip = offset;
        List<LogFiles.LogFile> files = LogFiles.list(directory, task, stream);
        if (fromEnd && !files.isEmpty()) {
            LogFiles.LogFile last = files.getLast();
            number = last.number();
            position = offset == 0 ? 0 : Math.max(0, last.path().toFile().length() - offset);
            skip = 0;
        }
    }

    /** @return null if there is nothing new */
    public Frame next() throws IOException {
        while (true) {
            LogFiles.LogFile file = current();
            if (file == null) {
                return null;
            }
            Frame frame = read(file);
            if (frame != null) {
                return frame;
            }
            LogFiles.LogFile newer = after(file.number());
            if (newer == null) {
                return null;
            }
            number = newer.number();
            position = 0;
        }
    }

    private LogFiles.LogFile current() throws IOException {
        List<LogFiles.LogFile> files = LogFiles.list(directory, task, stream);
        for (LogFiles.LogFile file : files) {
            if (file.number() == number) {
                return file;
            }
            if (file.number() > number) { // at the start, or the one we were at was rotated away
                number = file.number();
                position = 0;
                return file;
            }
        }
        return null;
    }

    private LogFiles.LogFile after(int present) throws IOException {
        return LogFiles.list(directory, task, stream).stream()
                .filter(file -> file.number() > present)
                .findFirst()
                .orElse(null);
    }

    private Frame read(LogFiles.LogFile file) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(file.path().toFile(), "r")) {
            long length = in.length();
            if (skip > 0) {
                long step = Math.min(skip, length - position);
                skip -= step;
                position += step;
            }
            if (position >= length) {
                return null;
            }
            byte[] data = new byte[(int) Math.min(FRAME, length - position)];
            in.seek(position);
            in.readFully(data);
            position += data.length;
            return new Frame(data, file.path().getFileName().toString(), position);
        } catch (NoSuchFileException | java.io.FileNotFoundException e) {
            return null; // rotated away between listing and reading
        }
    }
}
