// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import serai.problem.Problem;

/** Positions in a sequence, in the form that the client starts with: {@code 0-0}. */
final class EntryId {
    private EntryId() {}

    static String of(long ordinal) {
        return ordinal + "-0";
    }

    /** @return 0 for none */
    static int parse(String entryId) {
        return (int) parseLong(entryId);
    }

    static long parseLong(String entryId) {
        if (entryId.isEmpty()) {
            return 0;
        }
        try {
            int dash = entryId.indexOf('-');
            return Long.parseLong(dash < 0 ? entryId : entryId.substring(0, dash));
        } catch (NumberFormatException e) {
            throw Problem.INVALID_ARGUMENT.because("\"%s\" is no entry id", entryId);
        }
    }
}
