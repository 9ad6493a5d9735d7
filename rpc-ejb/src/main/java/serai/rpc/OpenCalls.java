// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Counts the calls that are under way. */
final class OpenCalls extends ServerStreamTracer.Factory {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition none = lock.newCondition();
    private int open;

    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        count(1);
        return new ServerStreamTracer() {
            @Override
            public void streamClosed(Status status) {
                count(-1);
            }
        };
    }

    private void count(int more) {
        lock.lock();
        try {
            open += more;
            if (open == 0) {
                none.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** @return whether there was none within that time */
    boolean awaitNone(Duration limit) throws InterruptedException {
        lock.lock();
        try {
            long left = limit.toNanos();
            while (open > 0 && left > 0) {
                left = none.awaitNanos(left);
            }
            return open == 0;
        } finally {
            lock.unlock();
        }
    }
}
