// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.gateway;

import java.time.Duration;
import java.util.Optional;
import serai.config.GatewayConfig;
import serai.web.Networks;
import serai.web.Rate;
import serai.web.WebRules;

/** What holds for a request: a function's own rules, and the server's settings where it has none. */
record Rules(WebRules all) {
    /** @throws IllegalArgumentException for a setting that cannot be understood */
    static WebRules of(GatewayConfig settings) {
        return new WebRules(
                settings.rate().map(Rate::of),
                settings.callerRate().map(Rate::of),
                settings.concurrency(),
                settings.callerConcurrency(),
                settings.allowed().map(Networks::of),
                Optional.of(settings.maxWaiting()),
                Optional.of(settings.maxWaitingBytes()),
                Optional.of(settings.maxWait()),
                Optional.of(settings.maxBody()),
                Optional.of(settings.redirectAfter()),
                Optional.of(settings.clientPatience()));
    }

    int maxWaiting() {
        return all.maxWaiting().orElseThrow();
    }

    long maxWaitingBytes() {
        return all.maxWaitingBytes().orElseThrow();
    }

    Duration maxWait() {
        return all.maxWait().orElseThrow();
    }

    long maxBody() {
        return all.maxBody().orElseThrow();
    }

    Duration redirectAfter() {
        return all.redirectAfter().orElseThrow();
    }

    Duration clientPatience() {
        return all.clientPatience().orElseThrow();
    }
}
