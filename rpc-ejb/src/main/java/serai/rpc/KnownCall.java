// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import serai.call.FunctionCall;
import serai.call.Output;

/**
 * What a server knows of a call without asking the database. Of one with a single input that began here it knows as well that
 * there is no result, until it hears of one; and it hands a result that a container delivers here to whoever waits here.
 */
final class KnownCall {
    private final String id;
    private final String workspaceId;
    private final FunctionCall.Kind kind;
    private final AtomicBoolean silent;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicReference<Output> delivered = new AtomicReference<>();

    /** @param begun whether it begins here and now */
    KnownCall(String id, String workspaceId, FunctionCall.Kind kind, boolean begun) {
        this.id = id;
        this.workspaceId = workspaceId;
        this.kind = kind;
        this.silent = new AtomicBoolean(begun && kind == FunctionCall.Kind.UNARY);
    }

    String id() {
        return id;
    }

    String workspaceId() {
        return workspaceId;
    }

    FunctionCall.Kind kind() {
        return kind;
    }

    /** Something of it may be found in the database now. To be called before those who wait for it are woken. */
    void heard() {
        silent.set(false);
    }

    /** Its result was accepted here: to be called when it is committed, before those who wait for it are woken. */
    void delivered(Output output) {
        heard();
        if (kind == FunctionCall.Kind.UNARY && waiting.get() > 0) { // else nobody would take it out again
            delivered.set(output);
        }
    }

    /** Somebody waits for the result. */
    Wait waitForResult() {
        waiting.incrementAndGet();
        return new Wait();
    }

    /** To be opened before the first look, and closed after the last. */
    final class Wait implements AutoCloseable {
        private Wait() {}

        /**
         * @param before 0 if every output is asked for: so many are known already, or come before what is asked for
         * @param stored looks into the database
         */
        List<Output> look(int before, Supplier<List<Output>> stored) {
            if (before > 0) {
                return stored.get();
            }
            var output = delivered.getAndSet(null);
            if (output != null) {
                return List.of(output);
            }
            return silent.getAndSet(false) ? List.of() : stored.get();
        }

        @Override
        public void close() {
            if (waiting.decrementAndGet() == 0) {
                delivered.set(null);
            }
        }
    }
}
