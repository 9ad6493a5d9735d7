// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * SIGTERM is answered in order: at the signal the application server takes the database and its listeners away at once, beside whatever
 * the application does in a hook of its own, and does not tell it. So the signal is ours first, and its exit comes after that.
 */
final class Termination implements AutoCloseable {
    private static final Signal TERM = new Signal("TERM");
    private static final int EXIT_CODE = 128 + TERM.getNumber();

    private final SignalHandler before;

    private Termination(SignalHandler before) {
        this.before = before;
    }

    /** @param orderly is done before the server ends; bounded */
    static Termination after(Runnable orderly) {
        return new Termination(Signal.handle(TERM, signal -> {
            orderly.run();
            System.exit(EXIT_CODE);
        }));
    }

    /** The signal ends the server as if we had never been there. */
    @Override
    public void close() {
        Signal.handle(TERM, before);
    }
}
