// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Carries what a task writes from its pipe to its log files, until the last writer has closed it. */
final class LogPump implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LogPump.class.getName());

    private final Thread thread;
    private final InputStream in;
    private final LogFiles.Writer out;

    LogPump(Path pipe, LogFiles.Writer out) throws IOException {
        this.out = out;
        // A pipe opened for reading alone blocks until there is a writer: be one for a moment.
        try (RandomAccessFile writer = new RandomAccessFile(pipe.toFile(), "rw")) {
            in = Files.newInputStream(pipe);
        }
        // a platform thread: reading a pipe would hold a carrier of virtual ones
        thread = Thread.ofPlatform()
                .daemon()
                .name("log " + pipe)
                .stackSize(128 * 1024)
                .start(this::pump);
    }

    private void pump() {
        byte[] buffer = new byte[16 * 1024];
        try (in;
                out) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, n);
            }
        } catch (IOException e) {
            LOG.log(
                    Level.DEBUG,
                    "log pump ended",
                    e); // closed from our side, or the allocation's directory was deleted
        }
    }

    /** Waits for the rest of the output, but not for a writer that has left the task's session and never ends. */
    void drain(Duration patience) throws InterruptedException {
        thread.join(patience);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "log pipe not closed", e);
        }
    }
}
