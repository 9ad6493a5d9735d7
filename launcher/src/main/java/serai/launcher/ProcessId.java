// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process and no other: a pid is given again after a while, a pid with its start time on one boot is not.
 *
 * @param startTicks field 22 of /proc/PID/stat, in clock ticks since boot
 */
record ProcessId(long pid, long startTicks, String boot) {
    static Optional<ProcessId> of(long pid) {
        try {
            var stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return Optional.of(new ProcessId(pid, startTicks(stat), currentBoot()));
        } catch (IOException e) {
            return Optional.empty(); // it has ended
        }
    }

    /** The command's name in field 2 may hold spaces and parentheses; what counts comes after the last one. */
    static long startTicks(String stat) {
        var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[19]);
    }

    private static String currentBoot() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }

    @JsonIgnore
    boolean isAlive() {
        return of(pid).filter(this::equals).isPresent() && !isZombie();
    }

    private boolean isZombie() {
        try {
            var stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) == 'Z';
        } catch (IOException e) {
            return true;
        }
    }

    /** SIGTERM, then SIGKILL when the patience is over. */
    void end(long seconds) {
        signal(false);
        if (!awaitEnd(seconds)) {
            signal(true);
            awaitEnd(10);
        }
    }

    /** @return whether it has ended within that time */
    boolean awaitEnd(long seconds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (isAlive()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            Pause.millis(20);
        }
        return true;
    }

    private void signal(boolean kill) {
        if (isAlive()) {
            ProcessHandle.of(pid).ifPresent(handle -> {
                if (kill) {
                    handle.destroyForcibly();
                } else {
                    handle.destroy();
                }
            });
        }
    }
}
