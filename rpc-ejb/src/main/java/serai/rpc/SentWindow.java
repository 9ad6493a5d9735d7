// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import java.util.ArrayDeque;
import java.util.OptionalLong;

/** What of a stream was sent on one connection: which chunk is next, and up to which one they need not be kept. */
final class SentWindow {
    /** Kept for a reader that has lost its connection with some of it in the pipe. */
    static final long KEPT_BYTES = 4 << 20;

    private record Sent(long ordinal, long bytesBefore) {}

    private final ArrayDeque<Sent> sent = new ArrayDeque<>();
    private long last;
    private long bytes;
    private long bytesGiven;

    /** @param last what the reader has already */
    SentWindow(long last) {
        this.last = last;
    }

    long next() {
        return last + 1;
    }

    boolean isNext(long ordinal) {
        return ordinal == next();
    }

    /** @return up to which chunk nothing will be asked for again, when that has become worth a statement */
    OptionalLong add(long ordinal, int size) {
        last = ordinal;
        sent.add(new Sent(ordinal, bytes));
        bytes += size;
        if (bytes - bytesGiven < 2 * KEPT_BYTES) {
            return OptionalLong.empty();
        }
        long given = 0;
        while (bytes - sent.getFirst().bytesBefore() > KEPT_BYTES && sent.size() > 1) {
            given = sent.removeFirst().ordinal();
        }
        bytesGiven = sent.getFirst().bytesBefore();
        return OptionalLong.of(given);
    }
}
