// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.client;

/**
 * How a task ended.
 *
 * @param code as a shell gives it: 128 and the signal when it was killed; -1 when nobody knows
 * @param message empty unless there is something to say
 * @param oomKilled it had used more memory than it may
 */
record Exit(int code, int signal, String message, boolean oomKilled) {
    static final Exit UNKNOWN = new Exit(-1, 0, "the task ended and left no exit status", false);

    static Exit ofStatus(int status) {
        return new Exit(status, status > 128 && status <= 128 + 64 ? status - 128 : 0, "", false);
    }

    String text() {
        StringBuilder text = new StringBuilder("Exit Code: " + code);
        if (signal != 0) {
            text.append(", Signal: ").append(signal);
        }
        if (!message.isEmpty()) {
            text.append(", Exit Message: \"").append(message).append('"');
        }
        return text.toString();
    }
}
