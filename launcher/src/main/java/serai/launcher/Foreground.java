// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

import java.io.IOException;
import sun.misc.Signal;

/** A program at the person's terminal: its streams and its end are ours. */
final class Foreground {
    private Foreground() {}

    /** @return its exit status. Ctrl-C reaches it from the terminal itself, so we only wait; what is sent to us is passed on. */
    static int run(Command command) {
        try {
            var process = command.builder().inheritIO().start();
            Signal.handle(new Signal("INT"), signal -> {});
            Signal.handle(new Signal("TERM"), signal -> process.destroy());
            Signal.handle(new Signal("HUP"), signal -> process.destroy());
            return process.waitFor();
        } catch (IOException e) {
            throw Failure.from(e, "%s does not start: %s", command.line().getFirst(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Failure.from(e, "interrupted");
        }
    }
}
