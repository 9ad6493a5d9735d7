// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.reap;

import static java.lang.System.Logger.Level.INFO;
import static serai.reap.Attempt.attempt;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.function.IntSupplier;
import serai.call.Calls;
import serai.config.CallConfig;
import serai.config.LogConfig;
import serai.event.Events;
import serai.log.Logs;
import serai.pool.Pools;
import serai.replay.Replays;
import serai.secret.Secrets;
import serai.web.RateLimits;

/** Forgets what is old. */
@ApplicationScoped
public class Retention {
    private static final System.Logger LOG = System.getLogger(Retention.class.getName());
    private static final Duration FAILED_STARTS = Duration.ofDays(1); // the cluster tells of none that is older
    private static final int BATCH = 1_000; // short transactions, whatever has piled up

    private final Calls calls;
    private final Replays replays;
    private final Logs logs;
    private final Pools pools;
    private final Events events;
    private final Secrets secrets;
    private final RateLimits rates;
    private final CallConfig callSettings;
    private final LogConfig logSettings;

    @Inject
    public Retention(
            Calls calls,
            Replays replays,
            Logs logs,
            Pools pools,
            Events events,
            Secrets secrets,
            RateLimits rates,
            CallConfig callSettings,
            LogConfig logSettings) {
        this.calls = calls;
        this.replays = replays;
        this.logs = logs;
        this.pools = pools;
        this.events = events;
        this.secrets = secrets;
        this.rates = rates;
        this.callSettings = callSettings;
        this.logSettings = logSettings;
    }

    public Retention() {
        this(null, null, null, null, null, null, null, null, null); // for the server's proxy
    }

    /** Today's logs and tomorrow's have a partition; what is over its time goes. Each kind fails for itself. */
    public void keep(Instant now) {
        var today = LocalDate.ofInstant(now, ZoneOffset.UTC);
        attempt("partitions of logs", () -> {
            logs.prepare(today);
            logs.prepare(today.plusDays(1));
            logs.forget(today.minusDays(Math.max(1, logSettings.retention().toDays())));
        });
        attempt("kept answers", () -> replays.forget(now.minus(callSettings.replay())));
        attempt("failed starts", () -> pools.forgetFailedStarts(now.minus(FAILED_STARTS)));
        attempt("secrets", () -> secrets.forget(now));
        attempt("secrets under older master keys", this::rewrapSecrets);
        forget("rate limits that nobody uses", () -> rates.forget(BATCH));
        forget("events", () -> events.forget(now.minus(logSettings.retention()), BATCH));
        var before = now.minus(callSettings.retention());
        forget("inputs, results and calls from before " + before, () -> calls.forget(before, BATCH));
    }

    private void rewrapSecrets() {
        int total = 0;
        for (int rewrapped = secrets.rewrap(); rewrapped > 0; rewrapped = secrets.rewrap()) {
            total += rewrapped;
        }
        if (total > 0) {
            LOG.log(INFO, "{0} secrets are under the newest master key now", total);
        }
    }

    private static void forget(String what, IntSupplier batch) {
        attempt(what, () -> forgetAll(what, batch));
    }

    private static void forgetAll(String what, IntSupplier batch) {
        int total = 0;
        int forgotten;
        do {
            forgotten = batch.getAsInt();
            total += forgotten;
        } while (forgotten == BATCH);
        if (total > 0) {
            LOG.log(INFO, "{0} {1} are forgotten", total, what);
        }
    }
}
