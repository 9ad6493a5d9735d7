// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.config;

import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** How long things are waited for and kept on the way of a call. */
@Dependent
public class CallConfig {
    /** How long a silent container keeps its inputs. ISO 8601; four heartbeats of 15 s. */
    @Inject
    @ConfigProperty(name = "serai.call.lease", defaultValue = "PT60S")
    Duration lease;

    /** How often an input may lose its container before it fails: poison ends. */
    @Inject
    @ConfigProperty(name = "serai.call.max-losses", defaultValue = "8")
    int maxLosses;

    /** How long cancelled code may go on before its container is ended. ISO 8601; what it catches, it may need time for. */
    @Inject
    @ConfigProperty(name = "serai.call.cancel-grace", defaultValue = "PT30S")
    Duration cancelGrace;

    /** How many inputs of a function may wait: callers beyond it are told to wait, instead of a queue that only grows. */
    @Inject
    @ConfigProperty(name = "serai.call.max-pending", defaultValue = "200000")
    int maxPending;

    /** How long an app without its client's heartbeat goes on. ISO 8601; the client beats every 15 s. */
    @Inject
    @ConfigProperty(name = "serai.call.app-silence", defaultValue = "PT60S")
    Duration appSilence;

    /** How long results and finished calls are kept. ISO 8601. */
    @Inject
    @ConfigProperty(name = "serai.call.retention", defaultValue = "P7D")
    Duration retention;

    /** How long an answer is kept for a client that asks again with the same idempotency key. ISO 8601. */
    @Inject
    @ConfigProperty(name = "serai.call.replay", defaultValue = "PT15M")
    Duration replay;

    public Duration lease() {
        return lease;
    }

    public int maxLosses() {
        return maxLosses;
    }

    public Duration cancelGrace() {
        return cancelGrace;
    }

    public int maxPending() {
        return maxPending;
    }

    public Duration appSilence() {
        return appSilence;
    }

    public Duration retention() {
        return retention;
    }

    public Duration replay() {
        return replay;
    }
}
