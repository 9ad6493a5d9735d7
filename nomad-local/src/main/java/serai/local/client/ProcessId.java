// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process that cannot be mistaken for a later one with the same number.
 *
 * @param startTicks when it began, in clock ticks since the machine started
 */
record ProcessId(long pid, long startTicks) {

    /** @param stat the line of {@code /proc/PID/stat} */
    static ProcessId parse(String stat) {
        String[] afterName = afterName(stat);
        return new ProcessId(Long.parseLong(stat, 0, stat.indexOf(' '), 10), Long.parseLong(afterName[19]));
    }

    /** @return empty if there is none of this number */
    static Optional<ProcessId> of(long pid) throws IOException {
        return stat(pid).map(ProcessId::parse);
    }

    /** The fields of such a line from the state on. The name before them is in brackets and may hold blanks and brackets itself. */
    static String[] afterName(String stat) {
        return stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ");
    }

    boolean alive() throws IOException {
        Optional<String> stat = stat(pid);
        return stat.isPresent() && parse(stat.get()).equals(this) && !afterName(stat.get())[0].equals("Z");
    }

    /** SIGKILL for its whole group, and for itself where it has none yet. */
    void killGroup() {
        Libc.kill(-pid, Signals.KILL);
        Libc.kill(pid, Signals.KILL);
    }

    private static Optional<String> stat(long pid) throws IOException {
        try {
            String text = Files.readString(Path.of("/proc/" + pid + "/stat")).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            if (Files.exists(Path.of("/proc/" + pid))) {
                throw e;
            }
            return Optional.empty(); // it ended while we read
        }
    }
}
