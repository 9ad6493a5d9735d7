// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.WARNING;

/** One of several things that are looked after in turn: each fails for itself. */
final class Attempt {
    private static final System.Logger LOG = System.getLogger(Attempt.class.getName());

    private Attempt() {}

    /** A failure goes to the log, as the next time comes. */
    static void attempt(String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) { // a timer that fails is taken away by the server
            LOG.log(WARNING, "not looked after now: " + what, e);
        }
    }
}
