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
