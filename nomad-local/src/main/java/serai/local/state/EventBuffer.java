// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The last lines of the event stream. A reader that is too slow finds a gap and has to start again. */
public final class EventBuffer {
    /** As many as Nomad keeps by default. */
    static final int LINES = 100;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final ArrayDeque<Event.Line> lines = new ArrayDeque<>();
    private long first; // the number of the oldest line that is kept

    void add(Event.Line line) {
        lock.lock();
        try {
            lines.addLast(line);
            if (lines.size() > LINES) {
                lines.removeFirst();
                first++;
            }
            added.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Starts at the closest line at or before {@code index}; 0 starts at the oldest line. */
    public Reader from(long index) {
        lock.lock();
        try {
            long start = first;
            long number = first;
            for (Event.Line line : lines) {
                if (index > 0 && line.index() <= index) {
                    start = number;
                }
                number++;
            }
            boolean ahead = index > 0 && !lines.isEmpty() && lines.getLast().index() < index;
            return new Reader(ahead ? number : start);
        } finally {
            lock.unlock();
        }
    }

    /** One subscriber's place in the stream. */
    public final class Reader {
        private long next;

        private Reader(long next) {
            this.next = next;
        }

        /**
         * @return new lines, empty if there was none within {@code patience}
         * @throws GapException when lines were dropped before they were read
         */
        public List<Event.Line> take(Duration patience) throws InterruptedException, GapException {
            lock.lockInterruptibly();
            try {
                long left = patience.toNanos();
                while (next >= first + lines.size() && left > 0) {
                    left = added.awaitNanos(left);
                }
                if (next < first) {
                    throw new GapException(first - next);
                }
                List<Event.Line> news = new ArrayList<>(lines).subList((int) (next - first), lines.size());
                next = first + lines.size();
                return List.copyOf(news);
            } finally {
                lock.unlock();
            }
        }
    }

    /** A reader was overtaken by the writers. */
    public static final class GapException extends Exception {
        private static final long serialVersionUID = 1;

        GapException(long lost) {
            super(lost + " lines were dropped before they were read");
        }
    }
}
