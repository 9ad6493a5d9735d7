// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Starts supervisors, some of them before they are needed: starting a process from Java takes longer than a fork in a shell. */
final class Supervisors {
    private static final System.Logger LOG = System.getLogger(Supervisors.class.getName());
    private static final int IDLE = 2;

    private final Tools tools;
    private final Path log;
    private final BlockingQueue<Process> idle = new LinkedBlockingQueue<>(IDLE);

    Supervisors(Tools tools, Path log) {
        this.tools = tools;
        this.log = log;
    }

    /** A supervisor that has begun its task. */
    record Begun(Process supervisor, ProcessId task) {}

    Begun begin(RunDir run) throws IOException {
        Process warm = idle.poll();
        try {
            if (warm != null && warm.isAlive()) {
                return begin(warm, run);
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "an idle supervisor was gone", e);
        }
        return begin(spawn(), run);
    }

    private static Begun begin(Process supervisor, RunDir run) throws IOException {
        try (OutputStream in = supervisor.getOutputStream();
                BufferedReader out = new BufferedReader(
                        new InputStreamReader(supervisor.getInputStream(), StandardCharsets.UTF_8))) {
            in.write((run.path() + "\n").getBytes(StandardCharsets.UTF_8));
            in.flush();
            String stat = out.readLine();
            if (stat == null) {
                throw new IOException("the supervisor did not start the task");
            }
            return new Begun(supervisor, ProcessId.parse(stat));
        }
    }

    private Process spawn() throws IOException {
        return new ProcessBuilder(tools.setsid(), tools.shell(), tools.supervisor(), tools.env())
                .redirectError(Redirect.appendTo(log.toFile()))
                .start();
    }

    /** Has new ones started in the place of those that were used; does not wait for them. */
    void refill() {
        if (idle.remainingCapacity() > 0) {
            Thread.startVirtualThread(() -> {
                try {
                    Process next = spawn();
                    if (!idle.offer(next)) {
                        next.getOutputStream().close(); // one too many: it ends at the end of its input
                    }
                } catch (IOException e) {
                    LOG.log(Level.WARNING, "no idle supervisor", e);
                }
            });
        }
    }
}
