// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/** Calls whose client was sent on to another address, and has not come there yet. */
final class Parked {
    /** A client that follows redirects is back at once; one that asks for a result later has this long. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    private final Map<String, Object> waiting = new ConcurrentHashMap<>();
    private final BiConsumer<String, String> cancel;

    Parked(BiConsumer<String, String> cancel) {
        this.cancel = cancel;
    }

    void park(String callId) {
        var stay = new Object();
        waiting.put(callId, stay);
        Exchanges.onThread(() -> {
            try {
                Thread.sleep(PATIENCE);
                if (waiting.remove(callId, stay)) {
                    cancel.accept(callId, "nobody came for the answer within " + PATIENCE);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    void fetched(String callId) {
        waiting.remove(callId);
    }
}
