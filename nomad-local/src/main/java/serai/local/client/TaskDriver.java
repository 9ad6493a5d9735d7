// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** How one task is started and ended: as a process of the machine, or as a container. */
interface TaskDriver {

    /**
     * @param killed done when the task is told to end, which cuts the preparation short
     * @param said what is worth an event while it is made ready
     * @return empty if the task was told to end before it began; nothing of it is left then, nor after an exception
     */
    Optional<TaskProcess> start(CompletableFuture<?> killed, Consumer<String> said)
            throws SetupException, IOException, InterruptedException;

    /** The number of the signal that asks it to end, where the job names none. */
    int politeSignal();

    /** The hard end. Returns at once or when it is carried out. */
    void kill(TaskProcess running) throws InterruptedException;

    /** The process that the task is, for what it uses; empty while that is not known. */
    Optional<ProcessId> main(TaskProcess running) throws IOException;

    /** Says how it ended, by what is known of the process that was started for it, and clears away what it leaves. */
    Exit ended(Exit process) throws InterruptedException;

    /** Has nothing of it run any more, whoever started it. */
    void end() throws IOException;
}
