// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.launcher;

/** Something the person at the terminal can act on: the message is the whole answer, without a trace. */
final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Failure(String message, Throwable cause) {
        super(message, cause);
    }

    static Failure because(String message, Object... values) {
        return new Failure(message.formatted(values), null);
    }

    static Failure from(Throwable cause, String message, Object... values) {
        return new Failure(message.formatted(values), cause);
    }
}
