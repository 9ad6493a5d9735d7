// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.local.state;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** The one place where documents change. Commits are serial; readers see whole commits only. */
public final class Store implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Tables tables = new Tables();
    private final EventBuffer events = new EventBuffer();
    private final Journal journal;
    private final InstantSource clock;

    public Store(Path directory, InstantSource clock) throws IOException {
        this.clock = clock;
        journal = Journal.open(directory.resolve("journal.ndjson"), tables);
    }

    public EventBuffer events() {
        return events;
    }

    public <T> T read(Function<Tables, T> query) {
        lock.lock();
        try {
            return query.apply(tables);
        } finally {
            lock.unlock();
        }
    }

    /** Waits until something was committed after {@code index}, but no longer than {@code patience}. */
    public void await(long index, Duration patience) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = patience.toNanos();
            while (tables.index() <= index && left > 0) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Runs {@code work} alone and makes what it changed durable and visible at once. Work that throws changes nothing.
     *
     * @param type of the events, such as {@code JobRegistered}
     * @throws UnwritableException if the journal cannot be written
     */
    public <T> T commit(String type, Function<Commit, T> work) {
        lock.lock();
        try {
            Commit commit = new Commit(tables, type, clock.instant());
            T result = work.apply(commit);
            if (commit.finish()) {
                journal.append(commit.index(), commit.changes(), tables);
                commit.changes().forEach(c -> tables.change(c.table(), c.key(), c.doc(), commit.index()));
                events.add(new Event.Line(commit.index(), commit.events()));
                changed.signalAll();
            }
            return result;
        } catch (IOException e) {
            throw new UnwritableException(e);
        } finally {
            lock.unlock();
        }
    }

    /** Runs {@code work} on a commit that is thrown away. */
    public <T> T rehearse(Function<Commit, T> work) {
        lock.lock();
        try {
            return work.apply(new Commit(tables, "Rehearsal", clock.instant()));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            journal.close();
        } finally {
            lock.unlock();
        }
    }
}
