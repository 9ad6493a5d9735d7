// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.rpc;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The streams of yielded values that this server is sending. */
@ApplicationScoped
class OpenStreams {
    private final ConcurrentHashMap<String, Set<CompletableFuture<Void>>> ends = new ConcurrentHashMap<>();

    /** Closed when all that there is was sent, or the reader has gone. */
    interface Stream extends AutoCloseable {
        @Override
        void close();
    }

    Stream open(String callId) {
        var end = new CompletableFuture<Void>();
        ends.compute(callId, (id, others) -> {
            var all = others == null ? ConcurrentHashMap.<CompletableFuture<Void>>newKeySet() : others;
            all.add(end);
            return all;
        });
        return () -> {
            ends.computeIfPresent(callId, (id, all) -> all.remove(end) && all.isEmpty() ? null : all);
            end.complete(null);
        };
    }

    /**
     * The call is over, so its streams end as soon as everything was sent.
     *
     * @param patience for a reader that does not read
     */
    void awaitEnd(String callId, Duration patience) throws InterruptedException {
        var open = ends.get(callId);
        if (open == null) {
            return;
        }
        try {
            CompletableFuture.allOf(open.toArray(CompletableFuture<?>[]::new))
                    .get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return; // it gets the result all the same
        } catch (ExecutionException e) {
            throw new IllegalStateException("an end never fails", e);
        }
    }
}
