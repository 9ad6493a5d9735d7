// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What a client sends, on its way from the event loop to the thread that passes it on. It holds little: a full one stops reading. */
final class Incoming {
    private static final int FULL = 256 << 10;
    private static final int ROOMY = 64 << 10;

    /** A piece of what is sent. */
    sealed interface Piece {
        /** @param last nothing follows */
        @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
        record Body(byte[] content, boolean last) implements Piece {}

        record Text(String content) implements Piece {}

        @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
        record Binary(byte[] content) implements Piece {}

        /** A WebSocket was closed. @param code as RFC 6455 has it */
        record Closed(int code) implements Piece {}

        /** The connection has ended before the request did. */
        record Gone() implements Piece {}

        /** More was sent than is allowed. */
        record TooMuch() implements Piece {}

        private int size() {
            return switch (this) {
                case Body body -> body.content.length;
                case Text text -> text.content.length() * 2;
                case Binary binary -> binary.content.length;
                case Closed c -> 0;
                case Gone g -> 0;
                case TooMuch t -> 0;
            };
        }
    }

    private final ArrayDeque<Piece> pieces = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Reading reading;
    private int held;
    private boolean stopped;
    private long total;

    /** Whether more is read from the connection. */
    interface Reading {
        void set(boolean on);
    }

    Incoming(Reading reading) {
        this.reading = reading;
    }

    /** From the event loop. */
    void put(Piece piece) {
        lock.lock();
        try {
            pieces.add(piece);
            held += piece.size();
            total += piece.size();
            if (held > FULL && !stopped) {
                stopped = true;
                reading.set(false);
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that came another way: to who took the connection over. */
    void count(long received) {
        lock.lock();
        try {
            total += received;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that came, a character counting two. */
    long received() {
        lock.lock();
        try {
            return total;
        } finally {
            lock.unlock();
        }
    }

    /** @return whether all of a body is here, of less than so many bytes, and nothing of it was taken */
    boolean isWhole(int most) {
        lock.lock();
        try {
            return held == total && held < most && pieces.peekLast() instanceof Piece.Body body && body.last();
        } finally {
            lock.unlock();
        }
    }

    /** @return null when nothing came within that time */
    Piece take(Duration patience) throws InterruptedException {
        long left = patience.toNanos();
        lock.lockInterruptibly();
        try {
            while (pieces.isEmpty()) {
                if (left <= 0) {
                    return null;
                }
                left = changed.awaitNanos(left);
            }
            var piece = pieces.remove();
            held -= piece.size();
            if (stopped && held < ROOMY) {
                stopped = false;
                reading.set(true);
            }
            return piece;
        } finally {
            lock.unlock();
        }
    }
}
