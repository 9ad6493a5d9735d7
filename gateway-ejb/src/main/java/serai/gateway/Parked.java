// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.time.Duration;
import java.util.function.BiConsumer;
import serai.call.WebCalls;

/** Calls whose client was sent on to another address, and has not come there yet, to this server or another. */
final class Parked {
    /** A client that follows redirects is back at once; one that asks for a result later has this long. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    private final WebCalls calls;
    private final BiConsumer<String, String> cancel;

    Parked(WebCalls calls, BiConsumer<String, String> cancel) {
        this.calls = calls;
        this.cancel = cancel;
    }

    void park(String callId) {
        calls.park(callId, PATIENCE);
        Exchanges.onThread(() -> {
            try {
                Thread.sleep(PATIENCE.plusSeconds(1));
                if (calls.isAbandoned(callId)) {
                    cancel.accept(callId, "nobody came for the answer within " + PATIENCE);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
